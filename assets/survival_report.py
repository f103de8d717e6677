"""The report of a survival endpoint, from the stored tables alone."""

import shlex
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.display import number, page, sentences, text
from assets.factory import cohort_asset
from assets.report import declared_images, page_naming
from assets.step import Product
from assets.survival_model import EVALUATION
from assets.survival_source import LEARNING, survival_settings
from assets.versions import code_version, library_versions
from radiogenomics.cohort.configuration import Cohort


def survival_report(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    """One page of the endpoint."""
    inputs = {"manifest": ["manifest"], "quarantine": ["quarantine"], "mdata": ["multimodal_cohort"]}
    inputs |= {"evaluation": [name, EVALUATION], "model": [name, "model"]}
    inputs |= {"image_qc": ["image_qc"]} if cohort.images else {}
    inputs |= {"labels": ["labels"]} if cohort.endpoints else {}
    shown = {"statements", "title", "licence", "source_url", "images", "predictions"}
    return cohort_asset(
        cohort,
        [name, "report"],
        group_name=name,
        kinds=["html"],
        description=(
            f"**What is this:** one page on `{name}` with the verdict, follow-up, every model and floor, curves by predicted risk, "
            "exclusions and what is needed to repeat it. **Can I trust it:** it is made from the stored tables alone. **What "
            "next:** open the link."
        ),
        compute=_compute(cohort, name),
        packages=("reporting", "storage", *LEARNING),
        settings=survival_settings(cohort) | cohort.model_dump(mode="json", include=shown),
        inputs=inputs,
        state=_state(cohort),
    )


def _state(cohort: Cohort) -> Any:
    """What decides the page beside the stored tables: the key of the pseudonyms."""

    def state(home: Any) -> Any:
        from radiogenomics.cohort.prediction_settings import declared_pseudonyms

        pseudonyms = declared_pseudonyms(cohort)
        return {"pseudonyms": pseudonyms.fingerprint if pseudonyms else ""}

    return state


def _compute(cohort: Cohort, name: str) -> Any:
    def compute(home: Any, values: Mapping[str, Any], progress: Any) -> Product:
        from radiogenomics.cohort import Inputs, account
        from radiogenomics.endpoints import derive_survival
        from radiogenomics.evaluation.verdict import survival_verdict
        from radiogenomics.multimodal import availability
        from radiogenomics.reporting import render_survival_report
        from radiogenomics.reporting.contours.counts import contour_counts

        evaluation, record = values["evaluation"], values["model"]
        times, _ = derive_survival(cohort, values["manifest"]["manifest"], values["manifest"]["files"])
        verdict = survival_verdict(evaluation["metrics"], evaluation["comparisons"], record["name"])
        naming = page_naming(cohort, values)
        html = render_survival_report(
            cohort_title=cohort.title or cohort.name,
            endpoint=name,
            simulated=cohort.simulated,
            final_model=record["name"],
            description=cohort.survival[name].description,
            verdict=verdict,
            metrics=evaluation["metrics"],
            figures=evaluation["figures"],
            comparisons=evaluation["comparisons"],
            out_of_fold=naming.table(evaluation["out_of_fold"]),
            times=naming.table(times),
            excluded=naming.table(evaluation["excluded"]),
            refused=naming.table(evaluation["refused"]),
            availability=naming.table(availability(values["mdata"])),
            account=naming.files(account(Inputs(**values["manifest"]))),
            quarantine=naming.quarantine(values["quarantine"]),
            contours=contour_counts(values["image_qc"]["qc"]) if "image_qc" in values else None,
            risk_groups=cohort.survival[name].risk_groups,
            statements=cohort.statements.model_dump(),
            settings=_settings(cohort, name, record),
            versions={"code": code_version(), **library_versions()},
            command=f"radiogenomics run {shlex.quote(cohort.file.name)}",
            source_url=cohort.source_url,
            licence=cohort.licence,
        )
        link, file = page(html, home.pages, [cohort.name, name, "report"])
        return Product(
            html,
            {
                "1_report": link,
                "1_verdict": sentences([verdict]),
                "2_file": text(f"`{file}`"),
                "3_kilobytes": number(len(html) // 1024),
            },
        )

    return compute


def _settings(cohort: Cohort, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The identifiers of the run, and every setting that decides it, defaults too."""
    return {
        "model_id": record["model_id"],
        "snapshot_id": record["snapshot_id"],
        **cohort.resampling.model_dump(mode="json"),
        "configuration": cohort.file.name,
        "survival": cohort.survival[name].model_dump(mode="json"),
        "clinical_baseline": cohort.models.clinical_baseline,
        "images": declared_images(cohort),
    }
