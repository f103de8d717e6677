"""Figures say n and events, bear the mark of simulated data, and cope with what is missing or hostile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explained_tables import explained_tables
from matplotlib.figure import Figure

from radiogenomics.cohort import schemas
from radiogenomics.reporting import figures
from radiogenomics.reporting.figures.shap_values import modality_contributions, top_features
from radiogenomics.reporting.patient_flow import patient_flow

PNG = b"\x89PNG\r\n\x1a\n"
MODELS = ["late/weighted", "clinical/elastic_net", "floor/hospital"]


def texts(figure: Figure) -> str:
    """All that is written on a figure."""
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def features(columns: dict[str, Any], patients: int = 40) -> pd.DataFrame:
    return pd.DataFrame({"patient_id": [f"p{i:02d}" for i in range(patients)], **columns})


def predictions(tables: dict[str, Any]) -> pd.DataFrame:
    rows = tables["out_of_fold"].query("model == 'late/weighted'")
    return rows.assign(kind="out_of_fold", endpoint=tables["endpoint"], lower=np.nan, upper=np.nan)


generator = np.random.default_rng(5)
GENES = features(
    {
        "EGFR": [1.0] * 10 + [0.0] * 30,
        "KRAS": [1.0] * 6 + [0.0] * 14 + [np.nan] * 20,
        "ROS1": [0.0] * 40,
        "tumour_mutational_burden": generator.exponential(5, 40),
    }
)
CLINICAL = features({"age": generator.normal(65, 8, 40), "sex=Female": [1.0, 0.0] * 20, "empty": np.nan})
VOLUMES = features(
    {"lesion_id": [f"l{i}" for i in range(40)], "images": "ct", "volume_mm3": np.geomspace(50, 90000, 40)}
)
DRIFT = pd.DataFrame(
    {"modality": "clinical", "feature": ["age", "pack_years"], "q_value": [0.001, 0.4], "drifted": [True, False]}
    | {"larger": [0.8, 0.55], "larger_lower": [0.7, 0.4], "larger_upper": [0.9, 0.7]}
)
EVERY_FIGURE: dict[str, Callable[..., Figure]] = {
    "inputs": lambda t, s: figures.inputs_figure(t["account"], t["quarantine"], simulated=s),
    "availability": lambda t, s: figures.availability_figure(t["availability"], t["labels"], simulated=s),
    "flow": lambda t, s: figures.patient_flow_figure(patient_flow(t["labels"], t["endpoint"]), simulated=s),
    "labels": lambda t, s: figures.label_counts_figure(t["labels"], t["endpoint"], simulated=s),
    "clinical": lambda t, s: figures.clinical_summary_figure(CLINICAL, simulated=s),
    "distributions": lambda t, s: figures.feature_distributions_figure(CLINICAL, simulated=s),
    "volumes": lambda t, s: figures.lesion_volumes_figure(VOLUMES, simulated=s),
    "genes": lambda t, s: figures.altered_genes_figure(GENES, simulated=s),
    "roc": lambda t, s: figures.roc_figure(t["out_of_fold"], MODELS, metrics=t["metrics"], simulated=s),
    "precision_recall": lambda t, s: figures.precision_recall_figure(t["out_of_fold"], MODELS, simulated=s),
    "calibration": lambda t, s: figures.calibration_figure(t["out_of_fold"], MODELS[0], simulated=s),
    "decision": lambda t, s: figures.decision_curve_figure(t["out_of_fold"], MODELS, simulated=s),
    "forest": lambda t, s: figures.forest_figure(t["metrics"], simulated=s),
    "comparisons": lambda t, s: figures.comparisons_figure(t["comparisons"], simulated=s),
    "beeswarm": lambda t, s: figures.shap_beeswarm_figure(t["explanations"], simulated=s),
    "modalities": lambda t, s: figures.modality_contributions_figure(t["explanations"], simulated=s),
    "groups": lambda t, s: figures.shap_beeswarm_figure(
        t["explanations"], importance=explained_tables(t)["importance"], simulated=s
    ),
    "effects": lambda t, s: figures.modality_effects_figure(explained_tables(t)["modalities"], simulated=s),
    "dependence": lambda t, s: figures.dependence_figure(
        t["explanations"], explained_tables(t)["importance"], {}, simulated=s
    ),
    "waterfall": lambda t, s: figures.waterfall_figure(t["explanations"], "R01-000", simulated=s),
    "drift": lambda t, s: figures.drift_figure(DRIFT, simulated=s),
    "patients": lambda t, s: figures.patient_probabilities_figure(predictions(t), simulated=s),
}


def subgroups(model: str = "late/weighted") -> pd.DataFrame:
    """Two groups of sex, one of them too small for figures."""
    known = {"model": model, "n": 90, "events": 30, "auc": 0.8, "auc_lower": 0.7, "auc_upper": 0.9, "suppressed": ""}
    small = {"model": model, "n": 8, "events": 2, "auc": np.nan, "suppressed": "fewer than 20 patients"}
    return pd.DataFrame([{"subgroup": "sex", "level": "Female"} | known, {"subgroup": "sex", "level": "Male"} | small])


def learning_curve() -> pd.DataFrame:
    """Two points of one model."""
    rows = [(40, 0.5, 0.66), (80, 1.0, 0.74)]
    return pd.DataFrame(
        [
            {
                "model": "late/weighted",
                "training_patients": patients,
                "share": share,
                "n": 100,
                "events": 30,
                "auc": auc,
                "auc_lower": auc - 0.1,
                "auc_upper": auc + 0.1,
            }
            for patients, share, auc in rows
        ]
    )


def null_runs() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four runs on permuted labels, one of them at the observed AUC."""
    aucs = [0.44, 0.5, 0.53, 0.8]
    kind, model = "labels permuted", "late/weighted"
    runs = pd.DataFrame({"kind": kind, "modality": "", "run": range(4), "model": model, "auc": aucs})
    row = {"kind": kind, "modality": "", "model": model, "observed": 0.8, "null_mean": 0.5675, "p_value": 0.4}
    return runs, pd.DataFrame([row | {"alarm": False}])


def coverage() -> pd.DataFrame:
    """One figure in one setting."""
    row = {"setting": "small", "figure": "auc", "runs": 100, "coverage": 0.95}
    return pd.DataFrame([row | {"coverage_lower": 0.9, "coverage_upper": 0.98}])


EVERY_FIGURE |= {
    "subgroups": lambda t, s: figures.subgroups_figure(subgroups(), simulated=s),
    "learning_curve": lambda t, s: figures.learning_curve_figure(learning_curve(), "late/weighted", simulated=s),
    "null_audit": lambda t, s: figures.null_audit_figure(*null_runs(), "late/weighted", simulated=s),
    "coverage": lambda t, s: figures.coverage_figure(coverage(), simulated=s),
}


def empty(name: str) -> pd.DataFrame:
    return schemas.empty(getattr(schemas, name))


WITH_NOTHING: dict[str, Callable[[], Figure]] = {
    "inputs": lambda: figures.inputs_figure(pd.DataFrame(), empty("QUARANTINE")),
    "availability": lambda: figures.availability_figure(pd.DataFrame()),
    "flow": lambda: figures.patient_flow_figure([]),
    "labels": lambda: figures.label_counts_figure(empty("LABELS"), "egfr_status"),
    "clinical": lambda: figures.clinical_summary_figure(features({"empty": np.nan})),
    "distributions": lambda: figures.feature_distributions_figure(features({"empty": np.nan})),
    "volumes": lambda: figures.lesion_volumes_figure(pd.DataFrame(columns=["patient_id", "volume_mm3"])),
    "genes": lambda: figures.altered_genes_figure(features({"EGFR": 0.0})),
    "roc": lambda: figures.roc_figure(empty("OUT_OF_FOLD"), MODELS),
    "precision_recall": lambda: figures.precision_recall_figure(empty("OUT_OF_FOLD"), MODELS),
    "calibration": lambda: figures.calibration_figure(empty("OUT_OF_FOLD"), MODELS[0]),
    "decision": lambda: figures.decision_curve_figure(empty("OUT_OF_FOLD"), MODELS),
    "forest": lambda: figures.forest_figure(empty("METRICS")),
    "comparisons": lambda: figures.comparisons_figure(empty("COMPARISONS")),
    "beeswarm": lambda: figures.shap_beeswarm_figure(empty("EXPLANATIONS")),
    "modalities": lambda: figures.modality_contributions_figure(empty("EXPLANATIONS")),
    "patients": lambda: figures.patient_probabilities_figure(empty("PREDICTIONS")),
    "subgroups": lambda: figures.subgroups_figure(empty("SUBGROUPS")),
    "learning_curve": lambda: figures.learning_curve_figure(pd.DataFrame(), "late/weighted"),
    "null_audit": lambda: figures.null_audit_figure(pd.DataFrame(), pd.DataFrame({"model": []}), "late/weighted"),
}


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_a_figure_of_simulated_data_says_so_and_any_other_does_not(tables, name: str) -> None:
    marked, plain = EVERY_FIGURE[name](tables, True), EVERY_FIGURE[name](tables, False)
    assert "SIMULATED DATA" in texts(marked)
    assert "SIMULATED" not in texts(plain)
    assert figures.png(plain, dpi=60).startswith(PNG)


@pytest.mark.parametrize("name", WITH_NOTHING)
def test_a_figure_with_nothing_to_show_says_what_is_missing(name: str) -> None:
    written = texts(WITH_NOTHING[name]()).lower()
    assert any(word in written for word in ("no ", "nothing"))


@pytest.mark.parametrize("name", ["roc", "precision_recall", "calibration", "decision"])
def test_each_curve_names_n_and_events(tables, name: str) -> None:
    written = texts(EVERY_FIGURE[name](tables, False)).replace("\n", " ")
    assert "n = 172" in written
    assert "events = 40" in written


def test_the_legend_of_the_roc_has_the_stored_interval_of_the_same_patients(tables) -> None:
    written = texts(EVERY_FIGURE["roc"](tables, False))
    row = tables["metrics"].query("population == 'all' and model == 'late/weighted'").iloc[0]
    assert f"AUC {row['auc']:.2f} [{row['auc_lower']:.2f} to {row['auc_upper']:.2f}]" in written


def test_a_figure_is_the_same_to_the_byte_when_drawn_again(tables) -> None:
    draw = EVERY_FIGURE["beeswarm"]
    assert figures.png(draw(tables, True), dpi=50) == figures.png(draw(tables, True), dpi=50)


def test_the_forest_plot_writes_every_auc_with_its_interval(tables) -> None:
    written = texts(figures.forest_figure(tables["metrics"]))
    for row in tables["metrics"].to_dict("records"):
        assert row["model"] in written
        assert f"{row['auc']:.2f} ({row['auc_lower']:.2f} to {row['auc_upper']:.2f})" in written
    assert "All labelled patients with any modality: n = 172, events = 40" in written


def test_a_suppressed_subgroup_keeps_its_line_and_says_why() -> None:
    written = texts(figures.subgroups_figure(subgroups()))
    assert "Male (8, 2)" in written
    assert "suppressed: fewer than 20 patients" in written
    assert "0.80 (0.70 to 0.90)" in written


def test_fusions_with_a_modality_left_out_stand_in_the_comparisons_and_not_in_the_forest(tables) -> None:
    metrics = tables["metrics"]
    extra = metrics[metrics["model"] == "late/mean"].assign(model="late/without_expression")
    written = texts(figures.forest_figure(pd.concat([metrics, extra], ignore_index=True)))
    assert "late/without_expression" not in written
    assert "late/mean" in written


def test_a_dollar_sign_in_data_is_written_and_not_read_as_a_formula(tables) -> None:
    metrics = tables["metrics"].assign(model=lambda t: t["model"].replace("late/mean", r"late/$\frac{mean"))
    assert figures.png(figures.forest_figure(metrics), dpi=50).startswith(PNG)
    account = tables["account"].assign(source=["clin$ical$", r"$\bad", "a\nb"])
    assert figures.png(figures.inputs_figure(account, tables["quarantine"]), dpi=50).startswith(PNG)


def test_a_gene_that_a_panel_does_not_cover_is_not_counted_as_unaltered() -> None:
    written = texts(figures.altered_genes_figure(GENES))
    assert "25 % of 40" in written  # EGFR: 10 of 40
    assert "30 % of 20" in written  # KRAS: 6 of the 20 covered, not 15 % of 40
    assert "ROS1" not in written
    assert "tumour_mutational_burden" not in written


def test_contributions_of_modalities_are_absolute_sums_averaged_over_patients() -> None:
    rows = pd.DataFrame(
        {
            "patient_id": ["a", "a", "a", "b", "b", "b"],
            "model": "late/weighted",
            "modality": ["ct", "ct", "clinical"] * 2,
            "feature": ["x", "y", "age"] * 2,
            "value": 1.0,
            "shap_value": [0.5, -0.3, 0.1, -0.2, -0.2, 0.3],
            "base_value": 0.0,
            "unit": "1",
        }
    )
    found = modality_contributions(rows).set_index("modality")["mean_absolute"]
    assert found["ct"] == pytest.approx((0.2 + 0.4) / 2)
    assert found["clinical"] == pytest.approx(0.2)
    ranking = top_features(rows)
    assert ranking["feature"].tolist() == ["x", "y", "age"]
    assert ranking["mean_absolute"].tolist() == pytest.approx([0.35, 0.25, 0.2])


def test_abstained_patients_are_counted_and_not_drawn_as_a_probability(tables) -> None:
    rows = tables["out_of_fold"].query("model == 'radiomics_ct/elastic_net'")
    rows = rows.assign(kind="out_of_fold", endpoint=tables["endpoint"], lower=np.nan, upper=np.nan)
    n_abstained = rows.loc[rows["abstained"], "patient_id"].nunique()
    assert n_abstained > 0
    assert f"abstained on = {n_abstained}" in texts(figures.patient_probabilities_figure(rows))


def test_importing_reporting_loads_neither_matplotlib_nor_torch_nor_jinja() -> None:
    code = (
        "import sys, radiogenomics.reporting, radiogenomics.reporting.figures;"
        "heavy = {'matplotlib', 'torch', 'jinja2', 'sklearn', 'rich'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
