"""Which samples of a patient count: the declared policy, applied, with the reason for each sample."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.omics_settings import SampleChoice
from radiogenomics.cohort.reading import missing_column
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import ConfigurationError, TableError


def choose_samples(
    cohort: Cohort,
    manifest: pd.DataFrame,
    choice: SampleChoice,
    samples: pd.DataFrame,
    files: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Apply a policy to samples.

    Parameters
    ----------
    samples : DataFrame `patient_id, sample_id`, one row a sample that has data.

    Returns
    -------
    DataFrame `patient_id, sample_id, used (bool), reason`, sorted. A patient of whom no sample fulfils the policy has
    none that is used.

    Raises
    ------
    ConfigurationError
        `pretreatment` by dates without `clinical.index_date`.
    TableError
        The table has no such column.
    """
    ordered = samples[["patient_id", "sample_id"]].drop_duplicates().sort_values(["patient_id", "sample_id"])
    ordered = ordered.reset_index(drop=True)
    if choice.policy == "any":
        return ordered.assign(used=True, reason="policy any: every sample counts")
    said = _texts(cohort, manifest, choice, files)
    text = ordered["sample_id"].map(said).fillna("").astype(str).str.strip()
    column = f"'{choice.column}'"
    if choice.policy == "primary":
        used = text.isin([code.strip() for code in choice.primary])
        why = [f"policy primary: {column} is {f'{t!r}' if t else 'not known'}" for t in text]
        return ordered.assign(used=used.to_numpy(), reason=why)
    days = _days(cohort, manifest, ordered, text, choice, files)
    if choice.policy == "pretreatment":
        used = days <= 0
        why = [
            f"policy pretreatment: {column} is {'not known' if pd.isna(d) else f'{t!r}, ' + ('on or before' if d <= 0 else 'after') + ' the index date'}"
            for d, t in zip(days, text, strict=True)
        ]
        return ordered.assign(used=used.to_numpy(), reason=why)
    last = days.groupby(ordered["patient_id"]).transform("max")
    only = ordered.groupby("patient_id")["sample_id"].transform("size") == 1
    used = (days == last) & last.notna() | only
    why = [
        "policy latest: the only sample" if alone else f"policy latest: {column} is {f'{t!r}' if t else 'not known'}"
        for alone, t in zip(only, text, strict=True)
    ]
    return ordered.assign(used=used.to_numpy(), reason=why)


def not_chosen(chosen: pd.DataFrame, aside: SetAside) -> None:
    """Record every sample that does not count."""
    for sample in chosen[~chosen["used"]].to_dict("records"):
        aside.value(
            row=None,
            patient_id=sample["patient_id"],
            rule="sample_not_chosen",
            reason=f"sample '{sample['sample_id']}' is not used: {sample['reason']}",
        )


def _texts(cohort: Cohort, manifest: pd.DataFrame, choice: SampleChoice, files: pd.DataFrame | None) -> dict[str, str]:
    assert choice.table is not None  # the configuration requires both
    assert choice.column is not None
    table = cohort.clinical.tables[choice.table]
    if table.one_row_per != "sample":
        raise ConfigurationError(
            f"{cohort.file}: choose.table: clinical table '{choice.table}' must have one_row_per: sample",
            rule="sample_table",
        )
    rows = source_rows(cohort, manifest, f"clinical/{choice.table}", files)
    if choice.column.strip() not in rows.columns:
        raise TableError(missing_column(table.file, choice.column, list(rows.columns)), rule="missing_column")
    return dict(zip(rows["sample_id"], rows[choice.column.strip()], strict=True))


def _days(
    cohort: Cohort,
    manifest: pd.DataFrame,
    samples: pd.DataFrame,
    text: pd.Series,
    choice: SampleChoice,
    files: pd.DataFrame | None,
) -> pd.Series:
    """When each sample was taken: since the index date, or for `latest` on any scale that orders; NaN where not known."""
    numbers = pd.to_numeric(text.where(text != ""), errors="coerce")
    if numbers.notna().sum() == (text != "").sum():
        return numbers
    taken = [_date(said) for said in text]
    if choice.policy == "latest":
        ordinals = [float(day.toordinal()) if day is not None else float("nan") for day in taken]
        return pd.Series(ordinals, index=text.index, dtype=float)
    index = index_dates(cohort, manifest, files)
    patients = samples["patient_id"]
    return pd.Series(
        [
            float((day - index[p]).days) if day is not None and index.get(p) is not None else float("nan")
            for day, p in zip(taken, patients, strict=True)
        ],
        index=text.index,
        dtype=float,
    )


def index_dates(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> dict[str, datetime]:
    """The index date of each patient of whom it is known.

    Raises
    ------
    ConfigurationError
        `clinical.index_date` is not declared.
    """
    declared = cohort.clinical.index_date
    if declared is None:
        raise ConfigurationError(
            f"{cohort.file}: clinical.index_date: needed to tell what was before treatment from what was after",
            rule="missing_key",
        )
    table = cohort.clinical_table(declared.table)
    rows = source_rows(cohort, manifest, f"clinical/{table}", files)
    if declared.column.strip() not in rows.columns:
        raise TableError(
            missing_column(cohort.clinical.tables[table].file, declared.column, list(rows.columns)),
            rule="missing_column",
        )
    found = {
        p: _date(t, declared.format) for p, t in zip(rows["patient_id"], rows[declared.column.strip()], strict=True)
    }
    return {patient: day for patient, day in found.items() if day is not None}


def _date(text: str, form: str = "%Y-%m-%d") -> datetime | None:
    try:
        return datetime.strptime(text.strip()[:10] if form == "%Y-%m-%d" else text.strip(), form)
    except ValueError:
        return None
