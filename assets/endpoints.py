"""Group `endpoints`: a label for every patient, with the reason for it."""

from typing import Any

import dagster as dg

from assets.display import Item, number, plot, table
from assets.factory import asset_key, cohort_asset
from assets.omics import MUTATION_SOURCES
from assets.step import Product
from radiogenomics.cohort.change import part_signature
from radiogenomics.cohort.configuration import Cohort, VariantRule


def endpoint_label_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The labels of all declared endpoints."""
    if not cohort.endpoints:
        return []

    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.set_aside import together
        from radiogenomics.endpoints import derive_labels
        from radiogenomics.endpoints.label import reason_group
        from radiogenomics.reporting.figures import label_counts_figure

        labels, quarantine = derive_labels(cohort, values["manifest"]["manifest"])
        counts = labels.assign(
            label=labels["label"].astype(object).where(labels["label"].notna(), "missing").astype(str),
            reason=labels["reason"].map(reason_group),
        )
        counts = counts.groupby(["endpoint", "label", "reason"]).size().rename("patients").reset_index()
        totals = counts.pivot_table(index="endpoint", columns="label", values="patients", aggfunc="sum", fill_value=0)
        totals = totals.rename(columns={"1": "positive", "0": "negative"}).rename_axis(columns=None).reset_index()
        shown = {
            "1_patients": table(totals),
            "3_by_reason": table(counts, rows=40),
            "4_patients": table(labels, rows=len(labels)),
        }
        for name in sorted(labels["endpoint"].unique()):
            figure = label_counts_figure(labels, str(name), simulated=cohort.simulated)
            shown[f"2_{name}"] = plot(figure, home.pages, [cohort.name, "labels"], str(name))
        value = {"labels": labels, "quarantine": quarantine}
        shown["5_rules"] = table(_rules(cohort), rows=20)
        more, extra = _further(cohort, values["manifest"]["manifest"])
        if cohort.survival:
            value["quarantine"] = together([quarantine, extra.pop("quarantine")])
        return Product({**value, **extra}, {**shown, **more})

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
            settings=cohort.model_dump(mode="json", include={"endpoints", "survival", "clinical", "mutations"}),
            inputs={"manifest": ["manifest"]},
            depends=lambda values: part_signature(values["manifest"], list(MUTATION_SOURCES)),
        )
    ]


def _rules(cohort: Cohort) -> Any:
    """The rule of each endpoint, with its version and source."""
    import pandas as pd

    from radiogenomics.endpoints.rules import DESCRIPTIONS

    rows = [(name, DESCRIPTIONS[endpoint.label.rule]) for name, endpoint in cohort.endpoints.items()]
    rows += [(name, DESCRIPTIONS["time_to_event"]) for name in cohort.survival]
    return pd.DataFrame([{"endpoint": name, **rule._asdict()} for name, rule in rows])


def _further(cohort: Cohort, manifest: Any) -> tuple[dict[str, Item], dict[str, Any]]:
    """What else there is to see and to keep: times with events, EGFR variants by class, sources that disagree."""
    from radiogenomics.endpoints import derive_survival, label_agreement

    shown: dict[str, Item] = {}
    kept: dict[str, Any] = {}
    if cohort.survival:
        kept["survival"], kept["quarantine"] = derive_survival(cohort, manifest)
        for name, rows in kept["survival"].groupby("endpoint"):
            shown[f"1_{name}_events"] = number(int((rows["event"] == 1).sum()))
        shown["6_survival"] = table(kept["survival"], rows=20)
    for name in cohort.endpoints:
        both = label_agreement(cohort, manifest, name)
        if len(both):
            shown[f"7_{name}_agreeing"] = number(int(both["agree"].sum()))
            shown[f"7_{name}_disagreements"] = table(both[~both["agree"]], rows=40)
    if any(isinstance(endpoint.label, VariantRule) for endpoint in cohort.endpoints.values()):
        from radiogenomics.endpoints.egfr import egfr_variants
        from radiogenomics.omics.sequencing import read_sequencing

        shown["8_egfr_variants"] = table(egfr_variants(read_sequencing(cohort, manifest)), rows=60)
    return shown, kept


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

    @dg.asset_check(
        asset=asset_key(cohort, "labels"), description="Two sources of one label say the same of every patient."
    )
    def sources_agree(labels: Any) -> dg.AssetCheckResult:
        disagreeing = int((labels["quarantine"]["rule"] == "sources_disagree").sum())
        return dg.AssetCheckResult(
            passed=disagreeing == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{disagreeing} labels are missing because two sources disagree",
        )

    return [every_label_has_a_reason, both_classes_occur, sources_agree]
