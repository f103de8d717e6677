"""The settings that go with a stored model can be read again, whichever endpoint it predicts."""

from __future__ import annotations

from typing import Any

import pytest

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.prediction import stored_configuration

DECLARED: dict[str, Any] = {
    "name": "small",
    "root": "/somewhere/private",
    "clinical": {
        "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
        "variables": {"age": {"column": "age", "type": "number"}},
    },
    "endpoints": {
        name: {"label": {"column": name, "positive": ["1"], "negative": ["0"]}, "modalities": ["clinical"]}
        for name in ("response", "toxicity")
    },
    "survival": {
        name: {"time": "months", "event": name, "modalities": ["clinical"], "horizons_months": [12, 6]}
        for name in ("relapse", "death")
    },
    "confounders": {
        "pedigree": {"source": "clinical", "columns": ["family"], "endpoints": ["toxicity"]},
        "hospital": {"source": "clinical", "columns": ["hospital"], "endpoints": ["relapse"]},
        "ward": {"source": "clinical", "columns": ["ward"], "endpoints": ["death", "response"]},
    },
    "resampling": {"group": "pedigree:family"},
}


@pytest.mark.parametrize(
    ("endpoint", "section", "floors"),
    [
        ("relapse", "survival", {"pedigree", "hospital"}),
        ("response", "endpoints", {"pedigree", "ward"}),
    ],
)
def test_what_is_stored_holds_the_one_endpoint_and_what_it_refers_to(
    endpoint: str, section: str, floors: set[str]
) -> None:
    plain = stored_configuration(Cohort.model_validate(DECLARED), endpoint)
    assert "/somewhere/private" not in str(plain)
    again = Cohort.model_validate(plain)  # folds by a confounder that is no floor of this endpoint included
    assert [*again.endpoints, *again.survival] == [endpoint]
    assert set(getattr(again, section)) == {endpoint}
    assert set(again.confounders) == floors
