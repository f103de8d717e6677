"""Group `cohort`: what came in, and what was set aside and why."""

from typing import Any

import dagster as dg
import pandas as pd

from assets.display import number, plot, table
from assets.factory import asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort


def cohort_assets(cohort: Cohort, quarantine_sources: dict[str, list[str]]) -> list[dg.AssetsDefinition]:
    """The manifest, and the quarantine gathered from every step that can set something aside.

    Parameters
    ----------
    quarantine_sources : argument name -> key parts of each asset with a quarantine.
    """

    def manifest(home, values, progress) -> Product:
        from radiogenomics.cohort import account, read_inputs
        from radiogenomics.reporting.figures import inputs_figure

        inputs = read_inputs(cohort)
        balance = account(inputs)
        figure = inputs_figure(balance, inputs.quarantine, simulated=cohort.simulated)
        return Product(
            inputs,
            {
                "1_rows_used": number(len(inputs.manifest)),
                "2_rows_set_aside": number(len(inputs.quarantine)),
                "3_patients": number(int(inputs.manifest["patient_id"].nunique())),
                "4_rows": plot(figure, home.pages, [cohort.name, "manifest"], "inputs"),
                "5_account": table(balance),
                "6_preview": table(inputs.manifest, rows=8),
            },
        )

    def quarantine(home, values, progress) -> Product:
        from radiogenomics.cohort.schemas import QUARANTINE, conform, empty

        parts = [value["quarantine"] for value in values.values()]
        filled = [part for part in parts if len(part)]
        rows = conform(pd.concat(filled, ignore_index=True), QUARANTINE) if filled else empty(QUARANTINE)
        reasons = rows.groupby(["source", "level", "rule"], dropna=False).size().rename("n").reset_index()
        return Product(
            rows,
            {
                "1_set_aside": number(len(rows)),
                "2_by_reason": table(reasons.sort_values("n", ascending=False), rows=30),
                "3_rows": table(rows[["source", "row", "patient_id", "lesion_id", "level", "reason"]], rows=40),
            },
        )

    return [
        cohort_asset(
            cohort,
            ["manifest"],
            group_name="cohort",
            kinds=["table"],
            description=(
                "**What is this:** every input row that is used, with the patient it belongs to. "
                "**Can I trust it:** the check `every_row_is_accounted_for` proves that used + set aside = rows in each file. "
                "**What next:** look at `quarantine` for what was left out."
            ),
            compute=manifest,
            packages=["cohort"],
            settings=_settings(cohort),
            always=True,  # only reading the files tells whether they changed
        ),
        cohort_asset(
            cohort,
            ["quarantine"],
            group_name="quarantine",
            kinds=["table"],
            description=(
                "**What is this:** every row, value and lesion that was set aside, with the rule it broke and the reason. "
                "**Can I trust it:** nothing is dropped anywhere else. "
                "**What next:** mend the input; the next run picks it up."
            ),
            compute=quarantine,
            packages=["cohort"],
            settings=None,
            inputs=quarantine_sources,
        ),
    ]


def cohort_asset_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """Checks of the manifest."""

    @dg.asset_check(
        asset=asset_key(cohort, "manifest"),
        blocking=True,
        description="Rows used + rows set aside = rows of each file.",
    )
    def every_row_is_accounted_for(manifest: Any) -> dg.AssetCheckResult:
        from radiogenomics.cohort import Inputs, account

        balance = account(Inputs(**manifest))
        wrong = balance[~balance["balanced"]]
        return dg.AssetCheckResult(
            passed=wrong.empty,
            description="" if wrong.empty else f"rows unaccounted for in: {', '.join(wrong['file'])}",
            metadata={"files": len(balance), "rows": int(balance["rows"].sum())},
        )

    @dg.asset_check(
        asset=asset_key(cohort, "manifest"), description="A tenth of the rows of a source set aside is worth a look."
    )
    def few_rows_are_set_aside(manifest: Any) -> dg.AssetCheckResult:
        from radiogenomics.cohort import Inputs, account

        balance = account(Inputs(**manifest))
        share = balance["quarantined"] / balance["rows"].clip(lower=1)
        many = balance[share > 0.1]
        return dg.AssetCheckResult(
            passed=many.empty,
            severity=dg.AssetCheckSeverity.WARN,
            description="" if many.empty else f"more than 10 % set aside in: {', '.join(many['file'])}",
        )

    return [every_row_is_accounted_for, few_rows_are_set_aside]


def _settings(cohort: Cohort) -> Any:
    return cohort.model_dump(mode="json", include={"clinical", "images", "imaging_tables", "mutations", "expression"})
