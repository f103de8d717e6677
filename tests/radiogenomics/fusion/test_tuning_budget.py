"""How much each model may tune is said before any result, and is what it does."""

from __future__ import annotations

import numpy as np

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.fusion import build_models, tuning_budget
from tests.radiogenomics.fusion.test_late_fusion import cohort


def test_the_budget_names_every_compared_model_and_is_what_a_fit_tries(monkeypatch) -> None:
    X, y = cohort(60, {"a": 1.0, "b": 0.5})
    models = Models(unimodal=("elastic_net",), fusion=("early/elastic_net", "late/weighted"))
    resampling = Resampling(inner_folds=2)
    budget = tuning_budget(models, ["a", "b"], resampling).set_index("model")
    built = build_models(models, ["a", "b"], resampling)
    assert list(budget.index) == list(built)
    assert budget.loc["late/weighted"].tolist() == [0, 0, 0, 0]
    model, tried = built["a/elastic_net"], []
    path = model._path
    monkeypatch.setattr(model, "_path", lambda *a: tried.append(found := path(*a)) or found, raising=True)
    model.fit(X, y)
    said = budget.loc["a/elastic_net"]
    assert sum(found.shape[1] for found in tried) == said["inner_fits"]
    assert {found.shape[1] for found in tried} == {said["candidates"]}
    assert said["inner_fits"] == np.prod(said[["candidates", "inner_folds", "inner_repeats"]])
