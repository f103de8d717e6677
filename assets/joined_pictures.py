"""What the joined cohort shows beside its counts: altered genes by endpoint, distributions and labels by hospital, refusals."""

from typing import Any

import dagster as dg

from assets.display import Item, plot, table
from assets.factory import asset_key
from assets.omics import altered_or_not
from radiogenomics.cohort.configuration import Cohort

MOST_GROUPS = 12
"""A confounder with more distinct texts than this is no hospital."""


def groups(mdata: Any) -> dict[str, Any]:
    """Confounders that are groups of patients (hospital, scanner, panel): name -> text by patient."""
    found = {}
    for name in mdata.uns["confounders"]:
        column = mdata.obs[f"confounder__{str(name).replace(':', '__')}"]
        if column.dtype == "category" or column.dtype == object:
            texts = column.astype(object)
            if 2 <= texts.nunique() <= MOST_GROUPS:
                found[str(name)] = texts
    return found


def label_of(mdata: Any, endpoint: str) -> Any:
    """1, 0 or missing by patient."""
    return mdata.obs[f"label__{endpoint}"]


def joined_pictures(cohort: Cohort, mdata: Any, features: dict[str, Any], home: Any) -> dict[str, Item]:
    """Plots and tables of the joined cohort."""
    import pandas as pd

    from radiogenomics.endpoints.prevalence import label_and_group_p, prevalence_by_group
    from radiogenomics.multimodal import endpoint_frame
    from radiogenomics.reporting.figures import altered_by_label_figure, feature_distributions_figure

    shown: dict[str, Item] = {}
    key = [cohort.name, "multimodal_cohort"]
    by_group, refused = [], []
    for endpoint in cohort.endpoints:
        label = label_of(mdata, endpoint)
        if "mutations" in features and label.notna().any():
            figure = altered_by_label_figure(
                features["mutations"].values,
                label,
                genes=altered_or_not(features["mutations"].dictionary),
                endpoint=endpoint,
                simulated=cohort.simulated,
            )
            shown[f"7_altered_by_{endpoint}"] = plot(figure, home.pages, key, f"altered_{endpoint}")
        for name, group in groups(mdata).items():
            rows = prevalence_by_group(label, group)
            by_group.append(rows.assign(endpoint=endpoint, confounder=name, p_value=label_and_group_p(rows)))
        if label.notna().any():
            refused.append(endpoint_frame(cohort, mdata, endpoint).refused.assign(endpoint=endpoint))
    for name, group in list(groups(mdata).items())[:1]:
        for modality in ("clinical", *[m for m in features if m.startswith(("radiomics", "volumetrics"))][:1]):
            if modality in features:
                figure = feature_distributions_figure(
                    features[modality].values,
                    group,
                    dictionary=features[modality].dictionary,
                    group_name=name.partition(":")[2],
                    simulated=cohort.simulated,
                )
                shown[f"8_{modality}_by_group"] = plot(figure, home.pages, key, f"{modality}_by_group")
    if by_group:
        columns = ["endpoint", "confounder", "group", "n", "positive", "prevalence", "p_value"]
        shown["9_labels_by_group"] = table(pd.concat(by_group, ignore_index=True)[columns], rows=60)
    if refused:
        columns = ["endpoint", "modality", "feature", "rule", "reason"]
        shown["9_refused_features"] = table(pd.concat(refused, ignore_index=True)[columns], rows=60)
    return shown


def labels_and_groups_apart(cohort: Cohort) -> dg.AssetChecksDefinition:
    """Warning: a label that goes together with the hospital, the scanner or another group."""

    @dg.asset_check(
        name="labels_and_groups_apart",
        asset=asset_key(cohort, "multimodal_cohort"),
        description="Where hospital and label go together, a model may read the hospital. The floors say how far that goes.",
    )
    def check(mdata: Any) -> dg.AssetCheckResult:
        from radiogenomics.endpoints.prevalence import SUSPICIOUS, label_and_group_p, prevalence_by_group

        together = []
        for endpoint in cohort.endpoints:
            for name, group in groups(mdata).items():
                rows = prevalence_by_group(label_of(mdata, endpoint), group)
                p = label_and_group_p(rows)
                if p < SUSPICIOUS:
                    low, high = rows["prevalence"].min(), rows["prevalence"].max()
                    together.append(f"{endpoint} and {name}: {low:.0%} to {high:.0%} positive, p = {p:.2g}")
        return dg.AssetCheckResult(
            passed=not together, severity=dg.AssetCheckSeverity.WARN, description="; ".join(together)
        )

    return check
