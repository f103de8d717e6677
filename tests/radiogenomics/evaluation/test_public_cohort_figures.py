"""Real patients: EGFR status of NSCLC Radiogenomics, straight from the published tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.evaluation import Evaluation, evaluate

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def egfr(shared_data: Path) -> Evaluation:
    folder = shared_data / "nsclc_radiogenomics"
    clinical = pd.read_csv(folder / "clinical.csv", index_col="Case ID")
    y = clinical["EGFR mutation status"].map({"Mutant": 1, "Wildtype": 0}).dropna().astype(int)
    X = pd.DataFrame(
        {
            "clinical:age": pd.to_numeric(clinical["Age at Histological Diagnosis"], errors="coerce"),
            "clinical:female": (clinical["Gender"] == "Female").astype(float),
            "clinical:smoking": clinical["Smoking status"].map({"Nonsmoker": 0.0, "Former": 1.0, "Current": 2.0}),
            "clinical:pack_years": pd.to_numeric(clinical["Pack Years"], errors="coerce"),
            "clinical:adenocarcinoma": (clinical["Histology "] == "Adenocarcinoma").astype(float),
        }
    )
    radiomics = pd.read_csv(folder / "radiomics.csv", index_col="patient_id").select_dtypes("number")
    expression = pd.read_csv(folder / "expression_zscore.tsv", sep="\t", index_col="gene").T
    X = X.join(radiomics.add_prefix("radiomics:")).join(expression.add_prefix("expression:")).loc[y.index].astype(float)
    hospital = pd.DataFrame({"hospital:affiliation": clinical.loc[y.index, "Patient affiliation"]})
    light = Models(unimodal=("elastic_net",), fusion=("late/mean", "late/weighted"))
    return evaluate(X, y, hospital, models=light, resampling=Resampling(repeats=2), workers=2)


def row(evaluation: Evaluation, model: str, population: str) -> pd.Series:
    return evaluation.metrics.query("model == @model and population == @population").iloc[0]


def test_populations_have_the_known_numbers_of_patients_and_mutants(egfr: Evaluation) -> None:
    counts = egfr.metrics.drop_duplicates("population").set_index("population")[["n", "events"]]
    assert counts.loc["all"].tolist() == [172, 43]
    assert counts.loc["complete"].tolist() == [94, 18]
    assert counts.loc["radiomics", "n"] == 117
    assert counts.loc["expression", "n"] == 101


@pytest.mark.parametrize(
    ("model", "population", "reference"),
    [
        ("clinical/elastic_net", "all", 0.78),
        ("radiomics/elastic_net", "radiomics", 0.72),
        ("expression/elastic_net", "expression", 0.82),
        ("late/mean", "complete", 0.83),
        ("floor/hospital", "all", 0.667),
    ],
)
def test_figures_agree_with_plain_baselines_of_others_neither_worse_nor_suspiciously_better(
    egfr: Evaluation, model: str, population: str, reference: float
) -> None:
    found = row(egfr, model, population)
    assert found["auc_lower"] < reference < found["auc_upper"]
    assert found["auc"] == pytest.approx(reference, abs=0.08)


def test_fusion_does_not_lose_what_the_best_modality_has(egfr: Evaluation) -> None:
    complete = egfr.metrics.query("population == 'complete'").set_index("model")["auc"]
    best = complete.filter(regex="elastic_net").max()
    assert complete["late/weighted"] > best - 0.03
    assert complete["late/mean"] > best - 0.03


def test_the_hospital_alone_tells_mutants_better_than_chance_and_fusion_beats_it(egfr: Evaluation) -> None:
    assert row(egfr, "floor/hospital", "all")["auc_lower"] > 0.5
    verdict = egfr.comparisons.query("comparison == 'fusion over confounder floor' and population == 'all'").iloc[0]
    assert verdict["lower"] > 0
    assert verdict["verdict"].startswith("the fusion adds")
