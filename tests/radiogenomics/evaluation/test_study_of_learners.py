"""The study of learners judges what the estimators do, and its verdict follows what was stated beforehand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.commands.study_learners import verdict
from radiogenomics.evaluation.study import learners as study
from radiogenomics.fusion.averaged import AveragedLearners
from radiogenomics.fusion.late import LateFusion


def test_the_rule_of_the_average_is_late_fusion_of_averaged_learners() -> None:
    place = list(study.SCENES).index((study.MIXED, 40))
    rng = np.random.default_rng([3, place])
    scene = study.SCENES[study.MIXED, 40]
    X, y = study.drawn(scene, scene.patients, rng)
    new, truth = study.drawn(scene, study.NEW_PATIENTS, rng)
    model = LateFusion([(f"m{i}/averaged", AveragedLearners((f"m{i}",))) for i in range(3)]).fit(X, y)
    said = {(what, rule): auc for what, rule, auc in study._aucs((study.MIXED, 40, 3))}
    expected = roc_auc_score(truth, model.decision_function(new))
    assert said["fusion", study.AVERAGED] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", [study.LINEAR, study.NONLINEAR, study.MIXED])
def test_cohorts_have_the_events_that_are_said_and_effects_that_can_be_seen(kind: str) -> None:
    for (effects, patients), scene in study.SCENES.items():
        if effects == kind:
            X, y = study.drawn(scene, patients, np.random.default_rng(1))
            assert (X.shape, y.sum()) == ((patients, sum(study.FEATURES)), scene.events)
    X, y = study.drawn(study.SCENES[kind, 40], 2000, np.random.default_rng(1))
    auc = {column: roc_auc_score(y, X[column]) for column in ("m0:f00", "m1:f01", "m2:f02", "m1:f15")}
    assert min(auc[column] for column in ("m0:f00", "m1:f01", "m2:f02")) > 0.54
    assert auc["m1:f15"] < max(auc.values()) - 0.02


@pytest.mark.parametrize(
    ("linear", "nonlinear", "met"), [(-0.004, 0.006, True), (-0.006, 0.02, False), (0.001, 0.004, False)]
)
def test_the_verdict_asks_for_both_a_small_loss_and_a_larger_gain(linear: float, nonlinear: float, met: bool) -> None:
    rows = [
        {"effects": e, "patients": n, "what": "fusion", "rule": "r", "difference": d + s, "difference_error": 0.003}
        for e, d in (("linear", linear), ("nonlinear", nonlinear), ("mixed", 0.0))
        for n, s in ((40, 0.01), (94, -0.01))
    ]
    said = verdict(pd.DataFrame(rows), "r")
    assert said.endswith("So the rule is met." if met else "So the rule is not met.")
    assert f"linear effects {linear:+.4f} ± 0.0021" in said
