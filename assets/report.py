"""The report of an endpoint, from the stored tables alone, with the RO-Crate of its run beside it."""

import hashlib
import shlex
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import Any

from assets.display import number, page, sentences, text
from assets.robustness import NAME as ROBUSTNESS
from assets.robustness import declares_robustness
from assets.scrutiny import scrutiny_names
from assets.step import Product
from assets.training_frame import training_frame, tuned
from assets.versions import code_version, library_versions
from radiogenomics.cohort.configuration import Cohort


def report_inputs(cohort: Cohort, endpoint: str) -> dict[str, list[str]]:
    """What this cohort declares beside the assets of every endpoint: argument name -> key parts."""
    perturbed = {ROBUSTNESS: [ROBUSTNESS]} if declares_robustness(cohort) else {}
    return {name: [endpoint, name] for name in scrutiny_names(cohort)} | perturbed


def report_state(cohort: Cohort, endpoint: str):
    """What decides the page beside the stored tables: stages of the models, their validations, the key of the pseudonyms."""

    def state(home) -> Any:
        from radiogenomics.cohort.prediction_settings import declared_pseudonyms
        from radiogenomics.storage.model_stages import ModelStages
        from radiogenomics.storage.validations import Validations

        pseudonyms = declared_pseudonyms(cohort)
        return {
            "stages": ModelStages(home.models, cohort.name, endpoint).history().to_dict("records"),
            "validations": Validations(home.validations).digests(cohort.name, endpoint),
            "pseudonyms": pseudonyms.fingerprint if pseudonyms else "",
        }

    return state


def report(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.evaluation.verdict import verdict_sentence
        from radiogenomics.multimodal import availability
        from radiogenomics.reporting import render_report
        from radiogenomics.reporting.contours.counts import contour_counts
        from radiogenomics.reporting.ro_crate import METADATA_FILE
        from radiogenomics.reporting.standing import standing_in_words
        from radiogenomics.storage.model_stages import ModelStages
        from radiogenomics.storage.validations import Validations

        evaluation, record = values["evaluation"], values["model"]
        frame = training_frame(home, cohort, values["mdata"], endpoint)
        after = _since_training(home, cohort, endpoint, values, frame)
        tables = _tables(cohort, endpoint, values, frame, after)
        said = _sentences(cohort, endpoint, values, frame, tables, after)
        validations = Validations(home.validations).of_model(cohort.name, endpoint, record["model_id"])
        latest = validations[-1] if validations else None
        checklists = _checklists(cohort, endpoint, tables, said["sample_size"], record["model_id"], latest)
        standing = standing_in_words(ModelStages(home.models, cohort.name, endpoint).history(), record["model_id"])
        naming = page_naming(cohort, values)
        tables = naming.tables(tables)
        command = f"radiogenomics run {shlex.quote(cohort.file.name)}"
        html = render_report(
            cohort_title=cohort.title or cohort.name,
            endpoint=endpoint,
            simulated=cohort.simulated,
            final_model=record["name"],
            description=cohort.endpoints[endpoint].description,
            metrics=evaluation["metrics"],
            comparisons=evaluation["comparisons"],
            out_of_fold=tables["out_of_fold"],
            figures=evaluation["figures"],
            subgroups=evaluation["subgroups"],
            verdict=verdict_sentence(evaluation["metrics"], evaluation["comparisons"], record["name"]),
            explanations=tables["explanations"],
            explained={n: tables[n] for n in values["explanations"] if n != "features"},
            scrutiny={n: tables[n] for n in _SCRUTINY if n in tables},
            people={n: tables[n] for n in ("missingness", "characteristics")},
            sentences=said,
            statements=cohort.statements.model_dump(),
            checklists=checklists,
            validation=latest,
            standing=standing,
            top=cohort.explanations.top,
            predictions=naming.table(values["predictions"]),
            labels=tables["labels"],
            excluded=naming.table(evaluation["excluded"]),
            refused=evaluation["refused"],
            availability=naming.table(availability(values["mdata"])),
            account=naming.files(tables["account"]),
            quarantine=naming.quarantine(values["quarantine"]),
            contours=contour_counts(values["image_qc"]["qc"]) if "image_qc" in values else None,
            settings=_settings(cohort, endpoint, record, frame),
            versions={"code": code_version(), **library_versions()},
            command=command,
            crate=METADATA_FILE,
            source_url=cohort.source_url,
            licence=cohort.licence,
        )
        link, file = page(html, home.pages, [cohort.name, endpoint, "report"])
        files = naming.files(values["manifest"]["files"])
        crate = _crate(home, cohort, endpoint, files, naming.text(naming.configuration), html, command, file.parent)
        return Product(
            html,
            {
                "1_report": link,
                "1_model": sentences([standing]),
                "2_file": text(f"`{file}`"),
                "3_ro_crate": text(f"`{crate}`"),
                "4_kilobytes": number(len(html) // 1024),
            },
        )

    return compute


_SCRUTINY = ("sites", "sites_skipped", "null_audit", "null_runs", "learning_curve", "robustness", "drift")


def _since_training(home: Any, cohort: Cohort, endpoint: str, values: Any, frame: Any) -> Any:
    """The patients of the cohort before and after the training of the model in use."""
    from radiogenomics.monitoring.since_training import since_training
    from radiogenomics.multimodal import patient_frame

    aside = set(values["evaluation"]["excluded"]["patient_id"]) - set(_unlabelled(values["labels"]["labels"], endpoint))
    return since_training(
        home.models,
        cohort.name,
        endpoint,
        patient_frame(cohort, values["mdata"], endpoint).dropna(how="all"),
        newest=values["model"]["model_id"],
        trained_on=frame.X.index,
        aside=aside,
    )


def _tables(cohort: Cohort, endpoint: str, values: Any, frame: Any, after: Any) -> dict[str, Any]:
    """Every stored table that the page or its checklists look at, by one name each."""
    from radiogenomics.cohort import Inputs, account
    from radiogenomics.monitoring.drift import drift
    from radiogenomics.reporting.missingness import characteristics, missingness

    evaluation, explained = values["evaluation"], values["explanations"]
    labels = values["labels"]["labels"]
    found = {
        **{
            name: evaluation[name]
            for name in ("metrics", "comparisons", "out_of_fold", "figures", "subgroups", "refused")
        },
        **{name: table for name, table in explained.items() if name != "features"},
        "explanations": explained["features"],
        "labels": labels[labels["endpoint"] == endpoint],
        "quarantine": values["quarantine"],
        "account": account(Inputs(**values["manifest"])),
        "missingness": missingness(frame.X, frame.y),
        "characteristics": characteristics(frame.X, frame.y, frame.dictionary, cohort.models.clinical_baseline),
        "drift": drift(after.training, after.new, rate=cohort.explanations.drift_rate),
    }
    for asset, names in (
        ("sites", {"sites": "sites", "skipped": "sites_skipped"}),
        ("null_audit", {"summary": "null_audit", "runs": "null_runs"}),
        ("learning_curve", {"curve": "learning_curve"}),
        (ROBUSTNESS, {"robustness": "robustness"}),
    ):
        if asset in values:
            found |= {ours: values[asset][theirs] for theirs, ours in names.items()}
    return found


def _unlabelled(labels: Any, endpoint: str) -> list[str]:
    own = labels[labels["endpoint"] == endpoint]
    return list(own.loc[own["label"].isna(), "patient_id"])


def _sentences(cohort: Cohort, endpoint: str, values: Any, frame: Any, tables: Any, after: Any) -> dict[str, str]:
    from radiogenomics.evaluation.learning_curve import verdict_of_curve
    from radiogenomics.evaluation.sample_size import statement
    from radiogenomics.monitoring.drift import in_words

    final = cohort.endpoints[endpoint].final_model
    everyone = tables["metrics"].query("population == 'all'").set_index("model")["auc"]
    size = ""
    if final in everyone.index:
        size = statement(len(frame.y), int(frame.y.sum()), frame.X.shape[1], float(everyone[final]))
    curve = tables.get("learning_curve")
    labelled = int(after.new.index.isin(frame.X.index).sum())
    who = f"Compared with the patients of {after.model_id}, as they stand in the cohort now: {len(after.new)} who came after, "
    return {
        "sample_size": size,
        "learning_curve": "" if curve is None else verdict_of_curve(curve, final),
        "drift": f"{who}{labelled} of them labelled by now. {in_words(tables['drift'], len(after.new))}",
    }


def _checklists(
    cohort: Cohort, endpoint: str, tables: Any, sample_size: str, model_id: str, validation: Any
) -> list[Any]:
    from radiogenomics.reporting.checklists.evidence import Evidence
    from radiogenomics.reporting.checklists.filled import CHECKLISTS, fill

    evidence = Evidence(cohort, endpoint, tables, sample_size, model_id, validation)
    return [fill(name, evidence) for name in CHECKLISTS]


def _settings(cohort: Cohort, endpoint: str, record: dict[str, Any], frame: Any) -> dict[str, Any]:
    """The identifiers of the run, and every setting that decides it, defaults too."""
    declared = cohort.endpoints[endpoint].model_dump(mode="json")
    return {
        "model_id": record["model_id"],
        "snapshot_id": record["snapshot_id"],
        **cohort.resampling.model_dump(mode="json"),
        "configuration": cohort.file.name,
        "endpoint": declared,
        "models": cohort.models.model_dump(mode="json", exclude={"prespecified"}),
        "tuning": {
            row["model"]: _tried(row) for row in tuned(cohort, endpoint, frame).to_dict("records") if row["candidates"]
        },
        "evaluation": cohort.evaluation.model_dump(mode="json"),
        "explanations": cohort.explanations.model_dump(mode="json"),
        "images": declared_images(cohort),
    }


def _tried(budget: Mapping[Hashable, Any]) -> str:
    return f"{budget['candidates']} candidates on {budget['inner_folds']} inner folds, {budget['inner_repeats']} times"


def declared_images(cohort: Cohort) -> dict[str, Any]:
    """What decides the features of each kind of images, as the pages' settings say it."""
    kept = {"kind", "radiomics", "embedding", "aggregate", "draft_contours"}
    return {name: images.model_dump(mode="json", include=kept) for name, images in cohort.images.items()}


def page_naming(cohort: Cohort, values: Any) -> Any:
    """How a page and what lies beside it name patients: as the cohort declares it for predictions.

    values : `manifest`, `quarantine`, and `labels` and `image_qc` where the cohort has them.
    """
    from radiogenomics.cohort.prediction_settings import declared_pseudonyms
    from radiogenomics.reporting.pseudonymised import Naming, identifiers_in

    lesions = [values["image_qc"]["lesions"]] if "image_qc" in values else []
    labels = [values["labels"]["labels"]] if "labels" in values else []
    known = [values["manifest"]["manifest"], *labels, values["quarantine"], *lesions]
    return Naming(declared_pseudonyms(cohort), identifiers_in(*known), cohort.file.read_text(encoding="utf-8"))


def _crate(
    home: Any, cohort: Cohort, endpoint: str, files: Any, configuration: str, html: str, command: str, folder: Any
) -> Any:
    """Write the crate's metadata and the configuration beside the page; gives the file."""
    from radiogenomics.reporting.ro_crate import METADATA_FILE, Content, Step, ro_crate
    from radiogenomics.storage import ArtefactStore, write_text

    store, steps = ArtefactStore(home.artefacts), []
    for key in store.keys(cohort.name):
        other = len(key) > 2 and key[1] != endpoint
        record = None if other or key[1:] == (endpoint, "report") else store.record(key)
        if record is not None:
            result = Content(record.key, record.digest)
            steps.append(Step(record.key, result, record.created_at, record.fingerprint))
    write_text(folder / cohort.file.name, configuration)
    mark = "Simulated data. " if cohort.simulated else ""
    metadata = ro_crate(
        name=f"{cohort.title or cohort.name}: {endpoint}",
        description=f"{mark}Prediction of {endpoint}: inputs, steps and report of a run.",
        licence=cohort.licence,
        workflow=_content(cohort.file.name, configuration),
        command=command,
        inputs=[Content(str(row["file"]), str(row["sha256"])) for row in files.to_dict("records")],
        steps=steps,
        parts=[_content("report.html", html)],
        versions={"code": code_version(), **library_versions()},
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        simulated=cohort.simulated,
    )
    write_text(folder / METADATA_FILE, metadata)
    return folder / METADATA_FILE


def _content(name: str, said: str) -> Any:
    from radiogenomics.reporting.ro_crate import Content

    plain = said.encode("utf-8")
    return Content(name, hashlib.sha256(plain).hexdigest(), len(plain))
