"use strict";
// The image around a lesion with its contours: to look at, to edit, to accept or reject. Works without any network.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const meta = data.meta;
  const at = (id) => document.getElementById(id);
  const every = (selector) => [...document.querySelectorAll(selector)];
  const say = (text, wrong = false) => { at("said").textContent = text; at("said").className = wrong ? "wrong" : ""; };
  window.addEventListener("error", (event) => say(`This browser cannot show the image: ${event.message}`, true));

  const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const through = async (bytes, stream) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  const unpacked = (base64) => through(bytesOf(base64), new DecompressionStream("gzip"));

  const COLOURS = { second: [86, 180, 233], drawn: [0, 158, 115] };
  const colourMap = ([r, g, b]) => ({ R: [0, r], G: [0, g], B: [0, b], A: [0, 255], I: [0, 255] });

  const viewer = new niivue.Niivue({
    isRadiologicalConvention: true, multiplanarShowRender: 0, multiplanarLayout: 2, crosshairWidth: 0.6, backColor: [0, 0, 0, 1],
    crosshairColor: [1, 0.85, 0.2, 0.7], dragMode: 3, dragAndDropEnabled: false, isNearestInterpolation: false,
    loadingText: "", show3Dcrosshair: false, isColorbar: false, isResizeCanvas: true, logLevel: "silent",
  });
  await viewer.attachToCanvas(at("view"));
  for (const [key, colour] of Object.entries(COLOURS)) viewer.addColormap(`contour_${key}`, colourMap(colour));
  const windows = every("#window option").map((one) => [Number(one.dataset.low), Number(one.dataset.high)]);
  viewer.addVolume(await niivue.NVImage.loadFromBase64({
    base64: data.image, name: "image.nii.gz", colormap: "gray",
    cal_min: windows[0][0], cal_max: windows[0][1], trustCalMinMax: true,
  }));
  const overlays = {};
  for (const key of data.overlays) {
    const volume = await niivue.NVImage.loadFromBase64({
      base64: data.rims[key], name: `${key}.nii.gz`, colormap: `contour_${key}`, cal_min: 0.5, cal_max: 1, opacity: 0,
    });
    overlays[key] = volume;
    viewer.addVolume(volume);
  }

  // ---------------------------------------------------------------- the contour that is edited
  const voxels = meta.crop.size[0] * meta.crop.size[1] * meta.crop.size[2];
  const HEADER = 352;
  const masks = {};
  for (const key of Object.keys(data.masks)) masks[key] = (await unpacked(data.masks[key])).subarray(HEADER, HEADER + voxels);
  masks.nothing = new Uint8Array(voxels);
  viewer.setDrawColormap({ R: [0, 213], G: [0, 94], B: [0, 0], labels: ["", "contour"] });
  viewer.createEmptyDrawing();
  viewer.setDrawingEnabled(false);
  viewer.drawRimOpacity = 0.95;
  viewer.setDrawOpacity(0.35);
  let started = "draft";
  const current = () => {
    const bits = new Uint8Array(voxels);
    const drawn = viewer.drawBitmap;
    for (let i = 0; i < voxels; i++) bits[i] = drawn[i] ? 1 : 0;
    return bits;
  };
  const count = () => {
    const n = current().reduce((sum, bit) => sum + bit, 0);
    at("volume").textContent = `The contour holds ${n} voxels, ${(n * meta.voxel_mm3 / 1000).toFixed(2)} ml.`;
    return n;
  };
  const start = (key) => {
    viewer.drawBitmap.set(masks[key]);
    viewer.refreshDrawing(true);
    viewer.drawAddUndoBitmap();
    started = key;
    count();
  };
  start("draft");
  at("view").addEventListener("pointerup", () => setTimeout(count, 50));
  at("view").addEventListener("mouseup", () => setTimeout(count, 50));

  // ---------------------------------------------------------------- looking
  const redraw = () => { viewer.updateGLVolume(); viewer.drawScene(); };
  const editOpacity = () => {
    const shown = at("show-edit").checked;
    viewer.drawRimOpacity = shown ? 0.95 : 0;
    viewer.setDrawOpacity(shown ? Number(at("opacity-edit").value) : 0);
  };
  const overlayOpacity = (key) => {
    const opacity = at(`show-${key}`).checked ? Number(at(`opacity-${key}`).value) : 0;
    viewer.setOpacity(viewer.volumes.indexOf(overlays[key]), opacity);
    redraw();
  };
  for (const id of ["show-edit", "opacity-edit"]) at(id).addEventListener("input", editOpacity);
  for (const key of data.overlays) {
    for (const id of [`show-${key}`, `opacity-${key}`]) at(id).addEventListener("input", () => overlayOpacity(key));
    overlayOpacity(key);
  }
  at("window").addEventListener("input", () => {
    [viewer.volumes[0].cal_min, viewer.volumes[0].cal_max] = windows[at("window").selectedIndex];
    redraw();
  });
  const only = (selector, pressed) => every(selector).forEach((one) => one.setAttribute("aria-pressed", String(one === pressed)));
  const VIEWS = { axial: 0, coronal: 1, sagittal: 2, multiplanar: 3 };
  every("[data-view]").forEach((button) => button.addEventListener("click", () => {
    viewer.setSliceType(VIEWS[button.dataset.view]);
    only("[data-view]", button);
  }));
  viewer.setSliceType(VIEWS.multiplanar);
  viewer.scene.crosshairPos = viewer.vox2frac(meta.crop.centre);
  redraw();

  // ---------------------------------------------------------------- editing
  const TOOLS = { look: null, pen: [1, false], fill: [1, true], eraser: [0, false] };
  every("[data-tool]").forEach((button) => button.addEventListener("click", () => {
    const tool = TOOLS[button.dataset.tool];
    viewer.setDrawingEnabled(tool !== null);
    if (tool !== null) viewer.setPenValue(...tool);
    only("[data-tool]", button);
  }));
  const penSize = () => { viewer.opts.penSize = Number(at("pen").value); };
  at("pen").addEventListener("input", penSize);
  penSize();
  at("undo").addEventListener("click", () => { viewer.drawUndo(); count(); });
  every("[data-start]").forEach((button) => button.addEventListener("click", () => start(button.dataset.start)));

  // ---------------------------------------------------------------- deciding
  // The voxels of the part that is shown lie in the original grid at base + i * step[0] + j * step[1] + k * step[2].
  const onOriginalGrid = (bits) => {
    const [nx, ny, nz] = meta.original.size;
    const whole = new Uint8Array(nx * ny * nz);
    const [sx, sy, sz] = meta.crop.size;
    const stride = meta.original.steps.map(([i, j, k]) => i + nx * (j + ny * k));
    const [bi, bj, bk] = meta.original.base;
    const base = bi + nx * (bj + ny * bk);
    for (let k = 0; k < sz; k++) for (let j = 0; j < sy; j++) for (let i = 0; i < sx; i++) {
      if (bits[i + sx * (j + sy * k)]) whole[base + i * stride[0] + j * stride[1] + k * stride[2]] = 1;
    }
    return whole;
  };
  const niftiOf = (bits, descrip) => {
    const header = bytesOf(meta.original.header);
    header.fill(0, 148, 228);
    header.set(new TextEncoder().encode(descrip).subarray(0, 79), 148);
    const whole = onOriginalGrid(bits);
    const file = new Uint8Array(header.length + whole.length);
    file.set(header);
    file.set(whole, header.length);
    return through(file, new CompressionStream("gzip"));
  };
  const save = (content, name, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  const agreement = (one, other) => {
    let both = 0, total = 0;
    for (let i = 0; i < voxels; i++) { both += one[i] & other[i]; total += one[i] + other[i]; }
    return total ? 2 * both / total : null;
  };
  const decide = async (decision) => {
    const initials = at("initials").value.trim();
    if (!/^[A-Za-z0-9]{1,8}$/.test(initials)) {
      say("Sign with your initials first: one to eight letters or digits.", true);
      at("initials").focus();
      return;
    }
    const bits = current();
    const held = bits.reduce((sum, bit) => sum + bit, 0);
    if (decision === "accepted" && held === 0) { say("The contour is empty: there is nothing to accept.", true); return; }
    const name = `${meta.file_name}__${decision}_${initials}`;
    const told = {
      decision, initials, lesion_id: meta.lesion_id, patient_id: meta.patient_id, study_id: meta.study_id, images: meta.images,
      decided_at: new Date().toISOString(), started_from: started, edited: bits.some((bit, i) => bit !== masks.draft[i]),
      dice_with_draft: agreement(bits, masks.draft), voxels: held, volume_mm3: held * meta.voxel_mm3,
      draft: { file: meta.draft_file, sha256: meta.draft_sha256, method: meta.method, prompt: meta.prompt },
      page: meta.page,
    };
    if (decision === "accepted") save(await niftiOf(bits, `radiogenomics accepted by ${initials}`), `${name}.nii.gz`, "application/gzip");
    save(JSON.stringify(told, null, 1) + "\n", `${name}.contour.json`, "application/json");
    say(decision === "accepted" ? `Saved ${name}.nii.gz and ${name}.contour.json.` : `Saved ${name}.contour.json. No contour was saved.`);
  };
  at("accept").addEventListener("click", () => decide("accepted"));
  at("reject").addEventListener("click", () => decide("rejected"));
  window.contourPage = { viewer, current, count, ready: true };
  document.body.dataset.ready = "true";
})();
