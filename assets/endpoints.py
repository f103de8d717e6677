"""Group `endpoints`: a label for every patient, with the reason for it."""

from typing import Any

import dagster as dg

from assets.display import number, plot, table
from assets.factory import asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.change import part_signature
from radiogenomics.cohort.configuration import Cohort


def endpoint_label_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The labels of all declared endpoints."""
    if not cohort.endpoints:
        return []

    def compute(home, values, progress) -> Product:
        from radiogenomics.endpoints import derive_labels
        from radiogenomics.reporting.figures import label_counts_figure

        labels, quarantine = derive_labels(cohort, values["manifest"]["manifest"])
        counts = labels.assign(
            label=labels["label"].astype(object).where(labels["label"].notna(), "missing").astype(str)
        )
        counts = counts.groupby(["endpoint", "label", "reason"]).size().rename("patients").reset_index()
        shown = {
            "3_by_reason": table(counts, rows=40),
            "4_patients": table(labels, rows=30),
        }
        for name, rows in labels.groupby("endpoint"):
            figure = label_counts_figure(labels, str(name), simulated=cohort.simulated)
            shown[f"2_{name}"] = plot(figure, home.pages, [cohort.name, "labels"], str(name))
            shown[f"1_{name}_positive"] = number(int((rows["label"] == 1).sum()))
            shown[f"1_{name}_negative"] = number(int((rows["label"] == 0).sum()))
            shown[f"1_{name}_missing"] = number(int(rows["label"].isna().sum()))
        return Product({"labels": labels, "quarantine": quarantine}, shown)

    return [
        cohort_asset(
            cohort,
            ["labels"],
            group_name="endpoints",
            kinds=["table"],
            description=(
                "**What is this:** for every patient and endpoint the label and why: the rule, its version, the source rows. "
                "**Can I trust it:** a label that is not known is missing, never negative. "
                "**What next:** the endpoint's evaluation uses the labelled patients only."
            ),
            compute=compute,
            packages=["endpoints", "cohort", "omics"],
            settings=cohort.model_dump(mode="json", include={"endpoints", "clinical", "mutations"}),
            inputs={"manifest": ["manifest"]},
            depends=lambda values: part_signature(values["manifest"], ["clinical/", "mutation", "reference/"]),
        )
    ]


def endpoint_label_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """Checks of the labels."""
    if not cohort.endpoints:
        return []

    @dg.asset_check(
        asset=asset_key(cohort, "labels"),
        blocking=True,
        description="Every patient has one row an endpoint, each with a reason.",
    )
    def every_label_has_a_reason(labels: Any) -> dg.AssetCheckResult:
        rows = labels["labels"]
        twice = int(rows.duplicated(["patient_id", "endpoint"]).sum())
        bare = int((rows["reason"].str.strip() == "").sum())
        uneven = rows.groupby("endpoint")["patient_id"].nunique().nunique() > 1
        return dg.AssetCheckResult(
            passed=twice == 0 and bare == 0 and not uneven,
            description=f"{len(rows)} labels, {twice} twice, {bare} without a reason",
        )

    @dg.asset_check(asset=asset_key(cohort, "labels"), description="Both classes occur at each endpoint.")
    def both_classes_occur(labels: Any) -> dg.AssetCheckResult:
        classes = labels["labels"].dropna(subset=["label"]).groupby("endpoint")["label"].nunique()
        short = sorted(set(cohort.endpoints) - set(classes[classes == 2].index))
        return dg.AssetCheckResult(
            passed=not short, description=f"only one class at: {', '.join(short)}" if short else ""
        )

    return [every_label_has_a_reason, both_classes_occur]
