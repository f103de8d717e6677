"""An endpoint cannot be predicted from itself."""

from __future__ import annotations

import pandas as pd
import pytest

from radiogenomics.endpoints import refused_features
from radiogenomics.exceptions import ConfigurationError, LeakageError

MODALITIES = ["mutations", "clinical"]
CLINICAL = {
    "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
    "variables": {"age": {"column": "age", "type": "number"}},
}


def dictionary(*entries: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(entries, columns=["modality", "feature", "derived_from", "recorded"])
    return table.assign(family="x", unit="1", description="x")


DICTIONARY = dictionary(
    ("mutations", "EGFR", "mutations:EGFR", "baseline"),
    ("mutations", "KRAS", "mutations:KRAS", "baseline"),
    ("mutations", "tumour_mutational_burden", "mutations:*", "baseline"),
    ("clinical", "egfr=Mutant", "clinical/main:EGFR status", "baseline"),
    ("clinical", "ratio", "clinical/main:age;clinical/main:EGFR status", "baseline"),
    ("clinical", "age", "clinical/main:age", "baseline"),
    ("clinical", "survival", "clinical/main:months", "follow_up"),
    ("radiomics", "egfr", "mutations:EGFR", "baseline"),
)


def refused(write_cohort_files, label, **endpoint) -> dict[str, str]:
    cohort = write_cohort_files(
        {"clinical.csv": "id,age\nP1,60\n"},
        clinical=CLINICAL,
        mutations={"maf": "m.maf"},
        endpoints={"egfr_status": {"label": label, "modalities": MODALITIES, **endpoint}},
    )
    table = refused_features(cohort, "egfr_status", DICTIONARY)
    return dict(zip(table["modality"] + ":" + table["feature"], table["rule"], strict=True))


COLUMN = {"column": "EGFR status ", "positive": ["Mutant"], "negative": ["Wildtype"]}


def test_a_label_from_a_column_refuses_all_that_derives_from_that_column(write_cohort_files):
    assert refused(write_cohort_files, COLUMN) == {
        "clinical:egfr=Mutant": "label_source",
        "clinical:ratio": "label_source",
        "clinical:survival": "follow_up",
    }


def test_a_label_from_variants_refuses_the_gene_and_everything_that_counts_all_genes(write_cohort_files):
    found = refused(write_cohort_files, {"rule": "egfr_sensitising_variant"})
    assert found == {
        "mutations:EGFR": "label_source",
        "mutations:tumour_mutational_burden": "label_source",
        "clinical:survival": "follow_up",
    }


def test_declared_concerns_are_refused_too(write_cohort_files):
    found = refused(write_cohort_files, COLUMN, concerns=["mutations:EGFR"])
    assert {"mutations:EGFR", "mutations:tumour_mutational_burden", "clinical:egfr=Mutant"} <= set(found)
    assert "mutations:KRAS" not in found
    assert "mutations:KRAS" in refused(write_cohort_files, COLUMN, concerns=["mutations:*"])


@pytest.mark.parametrize("feature", ["clinical:egfr=Mutant", "clinical:survival"])
def test_asking_for_a_refused_feature_by_name_is_an_error_that_says_why(write_cohort_files, feature):
    with pytest.raises(LeakageError, match=f"include: '{feature}' may not predict 'egfr_status': it"):
        refused(write_cohort_files, COLUMN, include=[feature])


def test_a_wildcard_over_a_refused_feature_is_no_error_and_does_not_bring_it_back(write_cohort_files):
    assert "clinical:egfr=Mutant" in refused(write_cohort_files, COLUMN, include=["clinical:*"])


def test_an_endpoint_that_is_not_declared_is_an_error(write_cohort_files):
    cohort = write_cohort_files({"clinical.csv": "id\nP1\n"}, clinical=CLINICAL)
    with pytest.raises(ConfigurationError, match="no endpoint 'survival'"):
        refused_features(cohort, "survival", DICTIONARY)


def test_a_time_to_an_event_is_not_predicted_from_its_columns_nor_from_a_label_at_a_horizon(write_cohort_files):
    """An EGFR label is no follow-up: it may predict survival."""
    follow_up = {"time": "months", "event": "state"}
    horizon = {"rule": "horizon", **follow_up, "compare": {"column": "benefit", "positive": ["Y"], "negative": ["N"]}}
    cohort = write_cohort_files(
        {"clinical.csv": "id,age\nP1,60\n"},
        clinical=CLINICAL,
        survival={"pfs": {**follow_up, "modalities": ["clinical"], "concerns": ["clinical/main:weeks"]}},
        endpoints={
            "benefit": {"label": horizon, "modalities": ["clinical"]},
            "egfr": {"label": COLUMN, "modalities": ["clinical"]},
        },
    )
    features = dictionary(
        *[
            ("clinical", name, f"clinical/main:{name}", "baseline")
            for name in ("months", "benefit", "weeks", "EGFR status")
        ]
    )
    assert list(refused_features(cohort, "pfs", features)["feature"]) == ["months", "benefit", "weeks"]


def test_survival_modalities_and_names_are_checked(write_cohort_files):
    follow_up = {"time": "months", "event": "state"}
    with pytest.raises(ConfigurationError, match=r"survival.pfs.modalities: \['images'\] not among"):
        write_cohort_files({}, clinical=CLINICAL, survival={"pfs": {**follow_up, "modalities": ["images"]}})
    with pytest.raises(ConfigurationError, match=r"survival.x: an endpoint has the same name"):
        write_cohort_files(
            {},
            clinical=CLINICAL,
            survival={"x": follow_up},
            endpoints={"x": {"label": COLUMN, "modalities": ["clinical"]}},
        )


def test_a_group_that_does_not_exist_is_refused(write_cohort_files):
    with pytest.raises(ConfigurationError, match=r"resampling.group: 'family' is neither patient_id nor"):
        write_cohort_files({}, clinical=CLINICAL, resampling={"group": "family"})
