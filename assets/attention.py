"""Where in the image the final model's networks look, for a few telling patients."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from assets.display import number, plot, table, text
from assets.step import Product
from assets.stored_model import stored_model
from assets.training_frame import training_frame
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.encoder_settings import VOXELS

ATTENTION = "attention_maps"


def seen_images(cohort: Cohort, endpoint: str) -> dict[str, str]:
    """Modality -> images, for the modalities of an endpoint whose network can be looked into.

    Those are embeddings of the packaged encoder and boxes of voxels; an encoder from a file shows its last numbers only.
    """
    found = {}
    for name, images in cohort.images.items():
        for modality, known in ((f"embedding_{name}", images.embedding is True), (f"{VOXELS}_{name}", images.patches)):
            if known and modality in cohort.endpoints[endpoint].modalities:
                found[modality] = name
    return found


def attention_maps(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.explanation import lesion_map, telling_patients
        from radiogenomics.imaging import read_lesion
        from radiogenomics.reporting.figures import attention_maps_figure

        record = values["model"]
        frame = training_frame(home, cohort, values["mdata"], endpoint)
        model = stored_model(home, cohort, endpoint, record)
        out_of_fold = values["evaluation"]["out_of_fold"]
        folder = home.folder / ATTENTION / cohort.name / endpoint
        rows, pictures = [], []
        for modality, images in seen_images(cohort, endpoint).items():
            own = frame.X.columns[frame.X.columns.str.startswith(f"{modality}:")]
            lesions = _largest(cohort, values, images)
            among = sorted(set(frame.X.index[frame.X[own].notna().any(axis=1)]) & set(lesions["patient_id"]))
            chosen = telling_patients(out_of_fold, record["name"], among)
            for done, patient in enumerate(chosen.to_dict("records")):
                lesion = lesions[lesions["patient_id"] == patient["patient_id"]].iloc[0].to_dict()
                image, row = read_lesion(lesion), frame.X.loc[[patient["patient_id"]]]
                found = lesion_map(image, model, modality, row, cohort.images[images].patches)
                progress(done + 1, len(chosen))
                if found is None:
                    continue
                file = folder / f"{_safe(patient['patient_id'])}_{_safe(lesion['lesion_id'])}_{modality}.nii.gz"
                _write(file, found.volume)
                rows.append(
                    {
                        **{str(key): value for key, value in patient.items()},
                        "modality": modality,
                        "lesion_id": lesion["lesion_id"],
                        "log_odds": found.log_odds,
                        "outside": found.outside,
                        "area_outside": found.area_outside,
                        "randomised": found.randomised,
                        "file": str(file.relative_to(home.folder)),
                    }
                )
                pictures.append(_picture(rows[-1], image, found.volume))
        columns = ["patient_id", "label", "probability", "why", "modality", "lesion_id", "log_odds", "outside"]
        drawn = pd.DataFrame(rows, columns=[*columns, "area_outside", "randomised", "file"])
        figure = attention_maps_figure(pictures, endpoint=endpoint, simulated=cohort.simulated)
        summary = drawn.groupby("modality")[["outside", "area_outside", "randomised"]].mean().reset_index()
        return Product(
            drawn,
            {
                "1_lesions": number(len(drawn)),
                "2_maps": plot(figure, home.pages, [cohort.name, endpoint, ATTENTION], "maps"),
                "3_means": table(summary),
                "4_lesions": table(drawn, rows=30, columns=11),
                "5_folder": text(f"`{folder}`: NIfTI in the geometry of each image, to be laid over it in any viewer"),
            },
        )

    return compute


def _largest(cohort: Cohort, values: Any, images: str) -> Any:
    """The largest usable lesion of each patient on these images, with the columns of the lesions table."""
    from radiogenomics.multimodal.aggregation import of_images

    drafts = cohort.images[images].draft_contours.use
    mine = of_images(values["lesion_volumetrics"]["values"], images, drafts)[["lesion_id", "volume_mm3"]]
    lesions = values["image_qc"]["lesions"]
    known = lesions[lesions["images"] == images].merge(mine, on="lesion_id")
    return known.sort_values(["volume_mm3", "lesion_id"], ascending=[False, True]).drop_duplicates("patient_id")


def _picture(row: dict[str, Any], lesion: Any, volume: Any) -> Any:
    import SimpleITK as sitk

    from radiogenomics.reporting.figures.attention_maps import LesionMap

    image, mask, values = (sitk.DICOMOrient(v, "LPS") for v in (lesion.image, lesion.mask, volume))
    lines = (
        str(row["patient_id"]),
        row["modality"],
        f"{row['why']}: {row['probability']:.2f}",
        f"map adds up to {row['log_odds']:+.2f} log-odds",
        f"outside {row['outside']:.0%} (of what was seen {row['area_outside']:.0%})",
        f"random weights {row['randomised']:+.2f}",
    )
    arrays = [sitk.GetArrayFromImage(volume) for volume in (image, mask, values)]
    return LesionMap(lines, arrays[0], arrays[1] > 0, arrays[2], tuple(image.GetSpacing()[::-1]))


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).lstrip(".") or "unnamed"


def _write(file: Path, volume: Any) -> None:
    import SimpleITK as sitk

    from radiogenomics.storage.atomic import write_atomically

    write_atomically(file, partial(_write_volume, sitk, volume), suffix=".nii.gz")


def _write_volume(sitk: Any, volume: Any, temporary: Path) -> None:
    sitk.WriteImage(volume, str(temporary), True)
