"""The registry of estimators, the final model, and the confounder floor."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.fusion import ALGORITHMS, ConfounderFloor, build_models, fit_final


def small(n: int = 45) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    index = [f"P{i:02d}" for i in range(n)]
    y = pd.Series((np.arange(n) % 3 == 0).astype(int), index=index)
    columns = [f"clinical:v{i}" for i in range(3)] + [f"radiomics_ct:f{i}" for i in range(12)]
    return pd.DataFrame(rng.normal(size=(n, 15)) + y.to_numpy()[:, None] * 0.5, index=index, columns=columns), y


def test_every_default_algorithm_exists_under_its_name() -> None:
    assert set(Models().unimodal) | set(Models().fusion) <= set(ALGORITHMS)


def test_models_are_named_by_modality_and_algorithm() -> None:
    built = build_models(Models(), ["clinical", "radiomics_ct", "expression"], Resampling())
    assert {"clinical/elastic_net", "expression/xgboost", "early/xgboost", "late/weighted"} <= set(built)
    assert {"late/without_imaging", "late/clinical_and_imaging"} <= set(built)


def test_without_images_nothing_is_asked_about_imaging() -> None:
    built = build_models(Models(), ["clinical", "mutations"], Resampling())
    assert "late/without_imaging" not in built


def test_a_ready_made_imaging_table_of_any_name_can_be_declared_as_imaging() -> None:
    built = build_models(Models(), ["clinical", "vendor_scores"], Resampling(), imaging={"vendor_scores"})
    assert [name for name, _ in built["late/without_imaging"].members] == ["clinical/elastic_net", "clinical/xgboost"]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (
            Models(unimodal=("random_forest",)),
            "models.unimodal: no algorithm 'random_forest'; valid: elastic_net, xgboost, signature, averaged",
        ),
        (Models(fusion=("late/vote",)), "models.fusion: no algorithm 'late/vote'"),
        (Models(unimodal=()), "late fusion needs at least one algorithm under models.unimodal"),
    ],
)
def test_an_algorithm_that_does_not_exist_is_named_with_those_that_do(models: Models, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace(".", r"\.")):
        build_models(models, ["clinical"], Resampling())


def test_the_final_model_does_not_depend_on_the_order_of_patients() -> None:
    X, y = small()
    first = fit_final(X, y, "late/weighted", Models(), Resampling())
    second = fit_final(X.iloc[::-1], y.sample(frac=1, random_state=1), "late/weighted", Models(), Resampling())
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_the_final_model_keeps_nothing_that_belongs_to_a_single_training_patient() -> None:
    X, y = small()
    model = fit_final(X, y, "late/weighted", Models(), Resampling())
    sizes = [
        value.shape[0]
        for part in [model, *model.members_.values()]
        for value in vars(part).values()
        if isinstance(value, np.ndarray) and value.ndim
    ]
    assert len(X) not in sizes


def test_a_final_model_that_cannot_be_built_is_named_with_those_that_can() -> None:
    X, y = small()
    with pytest.raises(ConfigurationError, match=r"no model 'late/magic'.*clinical/elastic_net.*late/weighted"):
        fit_final(X, y, "late/magic", Models(), Resampling())


def test_too_few_events_for_the_inner_folds_are_an_error_with_the_counts() -> None:
    X, y = small()
    y = y * 0
    y.iloc[:2] = 1
    with pytest.raises(ComputationError, match=r"45 patients with 2 events.*inner_folds = 3"):
        fit_final(X, y, "late/weighted", Models(), Resampling())


def test_a_modality_known_for_one_class_alone_says_the_prevalence() -> None:
    X, y = small()
    X.loc[y == 1, X.columns.str.startswith("radiomics_ct:")] = np.nan
    model = fit_final(X, y, "radiomics_ct/elastic_net", Models(), Resampling())
    known = model.predict_proba(X[y == 0])[:, 1]
    assert np.unique(known).size == 1
    assert np.isnan(model.predict_proba(X[y == 1])).all()


def test_importing_the_package_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, radiogenomics.fusion, radiogenomics.evaluation, radiogenomics.explanation; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'radiomics', 'sklearn', 'xgboost', 'skops')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestConfounderFloor:
    hospitals = pd.DataFrame(
        {"hospital:name": ["A"] * 20 + ["B"] * 20 + [None] * 10, "hospital:mm": [1.0] * 25 + [np.nan] * 25}
    )
    label = np.array([1] * 15 + [0] * 5 + [0] * 17 + [1] * 3 + [1] * 5 + [0] * 5)

    def test_it_learns_the_rate_of_each_hospital(self) -> None:
        table = self.hospitals[["hospital:name"]]
        probability = ConfounderFloor().fit(table, self.label).predict_proba(table)[:, 1]
        assert probability[0] == pytest.approx(0.75, abs=0.08)
        assert probability[25] == pytest.approx(0.15, abs=0.08)
        assert probability[45] == pytest.approx(0.5, abs=0.08)  # missing is a level of its own

    def test_a_hospital_not_seen_in_training_gets_a_prediction_between_the_known_ones(self) -> None:
        table = self.hospitals[["hospital:name"]]
        model = ConfounderFloor().fit(table, self.label)
        known = model.predict_proba(table)[:, 1]
        new = model.predict_proba(pd.DataFrame({"hospital:name": ["C"]}))[0, 1]
        assert known.min() < new < known.max()

    def test_missing_numbers_are_no_error_and_no_nan(self) -> None:
        model = ConfounderFloor().fit(self.hospitals, self.label)
        assert np.isfinite(model.predict_proba(self.hospitals)).all()
