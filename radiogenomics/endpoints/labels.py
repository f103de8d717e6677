"""Labels: for every patient and endpoint 1, 0 or missing, always with the reason."""

from __future__ import annotations

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.cohort.label_settings import (
    ColumnRule,
    GeneRule,
    HorizonRule,
    ResponseRule,
    SecondSource,
    ThresholdRule,
    VariantRule,
)
from radiogenomics.cohort.schemas import LABELS, conform, empty
from radiogenomics.cohort.set_aside import SetAside, together
from radiogenomics.endpoints.columns import code_labels, threshold_labels
from radiogenomics.endpoints.follow_up import horizon_label, observations
from radiogenomics.endpoints.label import Label, compared
from radiogenomics.endpoints.rules import version
from radiogenomics.endpoints.variants import egfr_labels, gene_labels
from radiogenomics.omics.sequencing import Sequencing, read_sequencing


class _Deriving:
    """Labels of one cohort, reading what was sequenced at most once."""

    def __init__(self, cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None) -> None:
        self.cohort, self.manifest, self.files = cohort, manifest, files
        self.patients = cohort_patients(manifest)
        self.quarantines: list[pd.DataFrame] = []
        self._sequencing: Sequencing | None = None

    @property
    def sequencing(self) -> Sequencing:
        if self._sequencing is None:
            self._sequencing = read_sequencing(self.cohort, self.manifest, self.files)
        return self._sequencing

    def labels(self, name: str) -> list[Label]:
        """The labels of one endpoint, in the order of `patients`."""
        rule = self.cohort.endpoints[name].label
        if isinstance(rule, ColumnRule | ResponseRule):
            return self._by_codes(name, rule)
        if isinstance(rule, ThresholdRule):
            labels, aside = threshold_labels(self.cohort, self.manifest, name, rule, self.patients, self.files)
            self.quarantines.append(aside)
            return labels
        if isinstance(rule, GeneRule):
            return gene_labels(self.sequencing, rule, self.patients)
        if isinstance(rule, VariantRule):
            labels = egfr_labels(self.cohort, self.sequencing, rule, self.patients)
            return labels if rule.compare is None else self._compared(name, labels, rule.compare)
        found, aside = observations(self.cohort, self.manifest, name, rule, self.patients, self.files)
        self.quarantines.append(aside)
        landmark = self.cohort.endpoints[name].landmark_days
        labels = [horizon_label(seen, rule, landmark) for seen in found]
        return labels if rule.compare is None else self._compared(name, labels, rule.compare)

    def _by_codes(self, name: str, rule: ColumnRule | ResponseRule | SecondSource) -> list[Label]:
        labels, aside = code_labels(self.cohort, self.manifest, name, rule, self.patients, self.files)
        self.quarantines.append(aside)
        return labels

    def _compared(self, name: str, labels: list[Label], second: SecondSource) -> list[Label]:
        others = self._by_codes(name, second)
        table = self.cohort.clinical_table(second.table)
        file = self.cohort.clinical.tables[table].file
        aside = SetAside(f"clinical/{table}", file)
        column = f"'{second.column.strip()}'"
        result = []
        for patient, label, other in zip(self.patients, labels, others, strict=True):
            row = int(other.source_rows.split(";")[0].rsplit(":", 1)[1]) if other.source_rows else None
            result.append(compared(patient, label, other, endpoint=name, column=column, row=row, aside=aside))
        self.quarantines.append(aside.table())
        return result


def derive_labels(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The label of every patient of the cohort for every endpoint.

    The rules, their versions and sources stand in :mod:`radiogenomics.endpoints.rules`. A code for missing, a text that
    is no declared code, samples that disagree, two sources that disagree, and no row all make the label missing, with the
    reason; what a person could mend is in the quarantine too.

    Returns
    -------
    labels : DataFrame by `schemas.LABELS`, one row for every patient and endpoint. A missing label is <NA>, never 0.
    quarantine : DataFrame by `schemas.QUARANTINE`, level 'value'.
    """
    deriving = _Deriving(cohort, manifest, files)
    records: list[dict[str, object]] = []
    for name, endpoint in cohort.endpoints.items():
        rule = endpoint.label.rule
        for patient, label in zip(deriving.patients, deriving.labels(name), strict=True):
            identity = {"patient_id": patient, "endpoint": name, "rule": rule, "rule_version": version(rule)}
            records.append({**identity, **label._asdict()})
    if not records:
        return empty(LABELS), together(deriving.quarantines)
    table = pd.DataFrame(records)
    table["label"] = pd.array(
        [pd.NA if v is None else v for v in table["label"].astype(object).where(table["label"].notna(), None)],
        dtype="Int8",
    )
    return conform(table, LABELS), together(deriving.quarantines)


def label_agreement(
    cohort: Cohort, manifest: pd.DataFrame, endpoint: str, files: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What the rule says of each patient beside what the second source (`label.compare`) says, before either decides.

    Returns
    -------
    DataFrame `patient_id, by_rule, by_column, agree`: 1, 0 or <NA>; `agree` is whether both are the same, missing
    included. Empty where no second source is declared.
    """
    rule = cohort.endpoints[endpoint].label
    columns = ["patient_id", "by_rule", "by_column", "agree"]
    if not isinstance(rule, VariantRule | HorizonRule) or rule.compare is None:
        return pd.DataFrame(columns=columns)
    deriving = _Deriving(cohort, manifest, files)
    others = deriving._by_codes(endpoint, rule.compare)
    alone = cohort.model_copy(
        update={
            "endpoints": {
                endpoint: cohort.endpoints[endpoint].model_copy(
                    update={"label": rule.model_copy(update={"compare": None})}
                )
            }
        }
    )
    mine = _Deriving(alone, manifest, files).labels(endpoint)
    return pd.DataFrame(
        {
            "patient_id": deriving.patients,
            "by_rule": pd.array([pd.NA if v.label is None else v.label for v in mine], dtype="Int8"),
            "by_column": pd.array([pd.NA if v.label is None else v.label for v in others], dtype="Int8"),
            "agree": [a.label == b.label for a, b in zip(mine, others, strict=True)],
        }
    )
