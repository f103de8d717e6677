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


def patient_features(
    cohort: Cohort,
    name: str,
    make: Callable[[Mapping[str, Any]], Any],
    draw: Callable[[Any], Any] | None = None,
) -> Compute:
    """Compute of an asset with one row a patient: counts, a preview, the dictionary, a plot where there is one."""

    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.features import feature_columns

        features = make(values)
        shown: dict[str, Item] = {
            "1_patients": number(len(features.values)),
            "2_features": number(len(feature_columns(features.values))),
            "3_values_set_aside": number(len(features.quarantine)),
            "5_preview": table(features.values, rows=10),
            "6_dictionary": table(features.dictionary, rows=15),
        }
        if draw is not None:
            shown["4_plot"] = plot(draw(features), home.pages, [cohort.name, name], name)
        return Product(features, shown)

    return compute


def omics_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """Mutation and expression features, where declared."""
    assets = []
    if cohort.mutations is not None:

        def mutations(values: Mapping[str, Any]) -> Any:
            from radiogenomics.omics import mutation_features

            return mutation_features(cohort, values["manifest"]["manifest"])

        def genes(features: Any) -> Any:
            from radiogenomics.reporting.figures import altered_genes_figure

            genes = features.dictionary.loc[features.dictionary["family"] == "gene", "feature"]
            return altered_genes_figure(features.values, genes=list(genes), simulated=cohort.simulated)

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
                compute=patient_features(cohort, "mutation_features", mutations, genes),
                packages=["omics", "cohort"],
                settings=cohort.model_dump(mode="json", include={"mutations", "clinical"}),
                inputs=_MANIFEST,
                depends=lambda values: part_signature(values["manifest"], ["mutation", "reference/", "clinical/"]),
            )
        )
    if cohort.expression is not None:

        def expression(values: Mapping[str, Any]) -> Any:
            from radiogenomics.omics import expression_features

            return expression_features(cohort, values["manifest"]["manifest"])

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
                compute=patient_features(cohort, "expression_features", expression),
                packages=["omics", "cohort"],
                settings=cohort.model_dump(mode="json", include={"expression", "clinical"}),
                inputs=_MANIFEST,
                depends=lambda values: part_signature(values["manifest"], ["expression"]),
            )
        )
    return assets


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
