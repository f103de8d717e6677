"""The study of predictors that are named beforehand: right names help, names that tell nothing are seen to tell nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.commands.study_learners import table_by_scene
from pipelines.commands.study_prespecified import _reading
from radiogenomics.evaluation.study import learners
from radiogenomics.evaluation.study import prespecified as study
from radiogenomics.exceptions import ComputationError


def test_every_name_of_a_list_is_a_feature_and_tells_or_not_as_it_says() -> None:
    scene = learners.SCENES[learners.LINEAR, 94]
    X, y = learners.drawn(scene, 20_000, np.random.default_rng(2))
    for name, _ in study.LISTS["the same, and nine that tell nothing"]:
        shift = X.loc[y == 1, name].mean() - X.loc[y == 0, name].mean()
        tells = name in dict(study.LISTS["all nine that tell"])
        assert (name.endswith(("f00", "f01", "f02"))) == tells
        assert (
            shift > 0.15
        )  # features of a modality go together: one that tells nothing itself goes with those that tell
    assert len(dict(study.LISTS["the same, and nine that tell nothing"])) == 18
    assert [sign for _, sign in study.LISTS["the same, three in the wrong direction"]].count(-1) == 3


@pytest.fixture(scope="module")
def aucs() -> dict[str, float]:
    return study._aucs((learners.LINEAR, 94, 1))


def test_right_names_do_better_than_wrong_ones(aucs: dict[str, float]) -> None:
    assert set(aucs) == set(study.RULES)
    assert aucs["all nine that tell"] > aucs["nine that tell nothing"] + 0.03
    assert aucs["all nine that tell"] > aucs["the same, three in the wrong direction"]


def test_the_page_has_a_row_a_rule_and_says_what_was_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "SCENES", {(learners.LINEAR, 40): learners.SCENES[learners.LINEAR, 40]})
    monkeypatch.setattr(study, "_aucs", lambda job: {r: 0.7 + 0.01 * (r != study.FUSION) * job[2] for r in study.RULES})
    found = study.prespecified_study(cohorts=3)
    assert list(found["rule"]) == list(study.RULES)
    assert "| all nine that tell | 0.710 (+0.010 ± 0.006) | 0.710 |" in table_by_scene(found, "named")
    assert "- all nine that tell: +0.010 ± 0.006" in _reading(found)
    assert study.FUSION not in _reading(found)  # nothing to say of itself


def test_a_cohort_that_cannot_be_evaluated_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "SCENES", {})
    assert study.prespecified_study(cohorts=3).empty
    monkeypatch.setattr(study, "SCENES", {("nothing", 40): learners.SCENES[learners.LINEAR, 40]})
    monkeypatch.setattr(study, "_aucs", lambda job: 1 / 0)
    with pytest.raises(ComputationError, match="division by zero"):
        study.prespecified_study(cohorts=3)
