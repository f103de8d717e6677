"""Group `omics`: mutations and expression, one row a patient."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from assets.display import Item, number, plot, table
from assets.factory import Compute, asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.change import part_signature
from radiogenomics.cohort.configuration import Cohort

_MANIFEST = {"manifest": ["manifest"]}
MUTATION_SOURCES = ("mutation", "copy_number", "structural_variants", "segments", "reference/", "clinical/")
"""Beginnings of the sources that mutation features are made from."""
MUCH_MISSING, MANY_SET_ASIDE = 0.5, 0.05
"""Shares from which a check warns."""


def patient_features(
    cohort: Cohort,
    name: str,
    make: Callable[[Mapping[str, Any]], Any],
    draw: Callable[[Any], Any] | None = None,
    more: Callable[[Mapping[str, Any], Any], dict[str, Item]] | None = None,
) -> Compute:
    """Compute of an asset with one row a patient: counts, missingness, a preview, the dictionary, a plot where there is one.

    Parameters
    ----------
    more : (inputs, features) -> further things to show.
    """

    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.features import feature_columns

        features = make(values)
        shown: dict[str, Item] = {
            "1_patients": number(len(features.values)),
            "2_features": number(len(feature_columns(features.values))),
            "3_values_set_aside": number(len(features.quarantine)),
            "3_share_missing": number(share_missing(features)),
            "5_preview": table(features.values, rows=10),
            "6_dictionary": table(features.dictionary, rows=15),
        }
        if draw is not None:
            shown["4_plot"] = plot(draw(features), home.pages, [cohort.name, name], name)
        if more is not None:
            shown |= more(values, features)
        return Product(features, shown)

    return compute


def share_missing(features: Any) -> float:
    """Share of the cells of a feature table that are not known."""
    from radiogenomics.cohort.features import feature_columns

    cells = features.values[feature_columns(features.values)]
    return float(cells.isna().to_numpy().mean()) if cells.size else 0.0


def omics_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """Mutation and expression features, where declared."""
    assets = []
    if cohort.mutations is not None:

        def mutations(values: Mapping[str, Any]) -> Any:
            from radiogenomics.omics import mutation_features

            return mutation_features(cohort, values["manifest"]["manifest"])

        def genes(features: Any) -> Any:
            from radiogenomics.reporting.figures import altered_genes_figure

            return altered_genes_figure(
                features.values, genes=altered_or_not(features.dictionary), simulated=cohort.simulated
            )

        def sequenced(values: Mapping[str, Any], features: Any) -> dict[str, Item]:
            from radiogenomics.omics.burden import burden_agreement
            from radiogenomics.omics.sequencing import read_sequencing

            manifest = values["manifest"]["manifest"]
            sequencing = read_sequencing(cohort, manifest)
            panels = sequencing.samples.assign(panel=sequencing.samples["panel"].fillna("(not declared)"))
            counts = panels.groupby("panel").size().rename("samples").reset_index()
            covered = sequencing.covered or {}
            counts["genes"] = [len(covered[p]) if p in covered else None for p in counts["panel"]]
            counts["megabases"] = [sequencing.size_mb.get(p) for p in counts["panel"]]
            shown = {"7_panels": table(counts), "8_samples": table(sequencing.chosen, rows=15)}
            if cohort.mutations is not None and cohort.mutations.burden_column is not None:
                shown["9_burden_beside_the_studys"] = table(burden_agreement(cohort, manifest))
            return shown

        assets.append(
            cohort_asset(
                cohort,
                ["mutation_features"],
                group_name="omics",
                kinds=["table"],
                description=(
                    "**What is this:** per gene, whether a non-synonymous variant was found (1), was not (0), or could not be "
                    "seen because the patient's panel does not cover the gene (missing). **Can I trust it:** a patient without "
                    "sequencing is missing, never wild type. **What next:** joined in `multimodal_cohort`."
                ),
                compute=patient_features(cohort, "mutation_features", mutations, genes, sequenced),
                packages=["omics", "cohort"],
                settings=cohort.model_dump(mode="json", include={"mutations", "clinical"}),
                inputs=_MANIFEST,
                depends=lambda values: part_signature(values["manifest"], list(MUTATION_SOURCES)),
            )
        )
    if cohort.expression is not None:

        def expression(values: Mapping[str, Any]) -> Any:
            from radiogenomics.omics import expression_features

            return expression_features(cohort, values["manifest"]["manifest"])

        def coverage(values: Mapping[str, Any], features: Any) -> dict[str, Item]:
            if cohort.expression is None or cohort.expression.signatures is None or not cohort.expression.genes:
                return {}
            from radiogenomics.omics.signatures import declared_coverage

            genes = features.dictionary.loc[features.dictionary["family"] == "expression", "feature"]
            return {"7_signatures": table(declared_coverage(cohort, list(genes)))}

        assets.append(
            cohort_asset(
                cohort,
                ["expression_features"],
                group_name="omics",
                kinds=["table"],
                description=(
                    "**What is this:** gene expression, one row a patient, on the declared scale "
                    f"(`{cohort.expression.scale}`). **Can I trust it:** samples of unknown patients are set aside. "
                    "**What next:** joined in `multimodal_cohort`."
                ),
                compute=patient_features(cohort, "expression_features", expression, None, coverage),
                packages=["omics", "cohort"],
                settings=cohort.model_dump(mode="json", include={"expression", "clinical"}),
                inputs=_MANIFEST,
                depends=lambda values: part_signature(values["manifest"], ["expression", "clinical/", "reference/"]),
            )
        )
    assets += [_omics_table(cohort, name) for name in cohort.omics]
    return assets


def _omics_table(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    """A further table of molecules by samples, as its own modality."""

    def make(values: Mapping[str, Any]) -> Any:
        from radiogenomics.omics import omics_features

        return omics_features(cohort, values["manifest"]["manifest"], f"omics/{name}")

    return cohort_asset(
        cohort,
        [f"{name}_features"],
        group_name="omics",
        kinds=["table"],
        description=(
            f"**What is this:** {cohort.omics[name].description or name}, one row a patient, on the declared scale "
            f"(`{cohort.omics[name].scale}`). **Can I trust it:** samples of unknown patients are set aside. "
            "**What next:** joined in `multimodal_cohort` as its own modality."
        ),
        compute=patient_features(cohort, f"{name}_features", make),
        packages=["omics", "cohort"],
        settings=cohort.model_dump(mode="json", include={"omics", "clinical"}),
        inputs=_MANIFEST,
        depends=lambda values: part_signature(values["manifest"], [f"omics/{name}", "clinical/", "reference/"]),
    )


def altered_or_not(dictionary: Any) -> list[str]:
    """The features that say whether a gene is altered at all, not by which class of alteration."""
    genes = dictionary.loc[dictionary["family"] == "gene", ["feature", "derived_from"]]
    named = [f for f, origin in zip(genes["feature"], genes["derived_from"], strict=True) if origin.endswith(f":{f}")]
    return named or list(genes["feature"])


def one_row_a_patient(cohort: Cohort, name: str) -> dg.AssetChecksDefinition:
    """Blocking check: no patient in two rows, every feature in the dictionary."""

    @dg.asset_check(
        name="one_row_a_patient",
        asset=asset_key(cohort, name),
        blocking=True,
        description="No patient in two rows; every feature stands in the dictionary.",
    )
    def check(features: Any) -> dg.AssetCheckResult:
        from radiogenomics.cohort.features import feature_columns

        values, dictionary = features["values"], features["dictionary"]
        twice = int(values["patient_id"].duplicated().sum())
        unknown = sorted(set(feature_columns(values)) - set(dictionary["feature"]))
        return dg.AssetCheckResult(
            passed=twice == 0 and not unknown,
            description=f"{len(values)} patients, {twice} twice; {len(unknown)} features without a description",
        )

    return check


def little_is_missing(cohort: Cohort, name: str) -> dg.AssetChecksDefinition:
    """Warning: features that are not known for most patients, and values that were set aside."""

    @dg.asset_check(
        name="little_is_missing",
        asset=asset_key(cohort, name),
        description="Features not known for half of the patients, and values set aside, are worth a look.",
    )
    def check(features: Any) -> dg.AssetCheckResult:
        from radiogenomics.cohort.features import feature_columns

        values = features["values"]
        columns = feature_columns(values)
        shares = values[columns].isna().mean()
        mostly = [str(c) for c in columns if shares[c] > MUCH_MISSING]
        aside = int((features["quarantine"]["level"] == "value").sum())
        many = aside > MANY_SET_ASIDE * max(len(values) * len(columns), 1)
        said = f"{len(mostly)} of {len(columns)} features not known for most patients" + (
            f": {', '.join(mostly[:5])}" if mostly else ""
        )
        return dg.AssetCheckResult(
            passed=not mostly and not many,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{said}; {aside} values set aside",
            metadata={"features_mostly_missing": len(mostly), "values_set_aside": aside},
        )

    return check


def panels_are_known(cohort: Cohort) -> dg.AssetChecksDefinition:
    """Warning: sequenced samples of which nobody declared what their panel covers."""

    @dg.asset_check(
        name="panels_are_known",
        asset=asset_key(cohort, "mutation_features"),
        description="What each sample's panel covers, and its size, is declared.",
    )
    def check(features: Any) -> dg.AssetCheckResult:
        rules = features["quarantine"]["rule"]
        counts = {rule: int((rules == rule).sum()) for rule in ("panel_without_genes", "panel_without_size")}
        return dg.AssetCheckResult(
            passed=not any(counts.values()),
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{counts['panel_without_genes']} samples on a panel of unknown genes, "
            f"{counts['panel_without_size']} of unknown size",
        )

    return check


def nothing_out_of_range(cohort: Cohort) -> dg.AssetChecksDefinition:
    """Blocking check: no clinical value outside its declared range came through."""

    @dg.asset_check(
        name="nothing_out_of_range",
        asset=asset_key(cohort, "clinical_features"),
        blocking=True,
        description="Every number lies within its range; those outside were set aside, not clipped.",
    )
    def check(features: Any) -> dg.AssetCheckResult:
        from radiogenomics.clinical.numbers import declared_range

        wrong = []
        for name, variable in cohort.clinical.variables.items():
            if variable.type == "number" and name in features["values"]:
                low, high = declared_range(variable)
                known = features["values"][name].dropna()
                wrong += [name] if ((known < low) | (known > high)).any() else []
        aside = int((features["quarantine"]["rule"] == "out_of_range").sum())
        return dg.AssetCheckResult(
            passed=not wrong,
            description=f"out of range: {', '.join(wrong)}" if wrong else f"{aside} values out of range set aside",
        )

    return check
