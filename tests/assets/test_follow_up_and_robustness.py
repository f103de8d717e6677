"""Follow-up and robustness in the graph: there where they are declared, and what they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assets.build import cohort_checks, cohort_definitions
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.imaging.follow_up.tables import PATIENT_COLUMNS
from radiogenomics.multimodal.extraction import declared_tables
from radiogenomics.reporting.figures import response_spider_figure, response_waterfall_figure, robustness_figure


def cohort(**ct) -> Cohort:
    return Cohort.model_validate(
        {
            "name": "small",
            "clinical": {"tables": {"main": {"file": "c.csv", "patient_id": "id"}}},
            "images": {"ct": {"kind": "CT", "lesions": "lesions.csv", "embedding": False, **ct}},
            "endpoints": {
                "egfr": {
                    "label": {"column": "egfr", "positive": ["a"], "negative": ["b"]},
                    "modalities": ["radiomics_ct"],
                }
            },
        }
    )


def inputs(declared: Cohort) -> dict[str, set[str]]:
    return {
        "/".join(asset.key.path[1:]): {"/".join(key.path[1:]) for key in asset.keys_by_input_name.values()}
        for asset in cohort_definitions(declared)
    }


def test_nothing_is_there_that_is_not_declared() -> None:
    assert not {"follow_up", "delta_features", "feature_robustness"} & set(inputs(cohort()))


def test_declared_follow_up_and_robustness_become_assets_and_feed_the_models() -> None:
    declared = cohort(
        follow_up={"delta": {"until_days": 60, "radiomics": ["original_shape_*"]}}, robustness={"acquisition": {}}
    )
    found = inputs(declared)
    assert {"image_qc", "follow_up", "radiomic_features"} <= found["delta_features"]
    assert "delta_features" in found["multimodal_cohort"]
    assert "delta_features" in declared_tables(declared)
    assert "delta_ct" in declared.modalities()
    for name in ("egfr/evaluation", "egfr/model", "egfr/explanations"):
        assert "feature_robustness" in found[name]
    assert {"follow_up", "feature_robustness"} <= found["quarantine"]
    assert len(cohort_checks(declared)) == len(cohort_checks(cohort()))


def test_robustness_that_selects_nothing_is_a_table_alone() -> None:
    found = inputs(cohort(robustness={"contour": {"minimum_icc": None}}))
    assert "feature_robustness" in found
    assert "feature_robustness" not in found["egfr/evaluation"]


@pytest.mark.parametrize(
    ("ct", "message"),
    [
        ({"kind": "PT", "robustness": {"acquisition": {}}}, "is about CT"),
        ({"robustness": {"contour": None}}, "declare `contour`, `acquisition` or both"),
        ({"lesions": None, "image": "i", "mask": "m", "follow_up": {}}, "a path pattern knows one study a patient"),
        (
            {"lesions": None, "dicom": {"folder": "d", "roi": "GTV*"}, "follow_up": {}},
            "'label' needs a `lesions` table",
        ),
        ({"follow_up": {"delta": {"from_days": 90, "until_days": 60}}}, "from_days 90 is after until_days 60"),
        ({"radiomics": None, "follow_up": {"delta": {"until_days": 9, "radiomics": ["*"]}}}, "no `radiomics` to take"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(ct, message) -> None:
    with pytest.raises(ValueError, match=message):
        cohort(**ct)


def patients() -> pd.DataFrame:
    table = pd.DataFrame(0.0, index=range(3), columns=list(PATIENT_COLUMNS))
    table["patient_id"], table["images"], table["days"] = ["a", "b", "c"], "ct", [50, 60, 70]
    for prefix in ("sum", "volume"):
        table[f"{prefix}_change"] = [4.5, 0.05, -0.8]
        table[f"{prefix}_lower"], table[f"{prefix}_upper"] = [3.0, -0.2, -0.9], [6.0, 0.4, -0.7]
    table["volume_before_mm3"], table["volume_after_mm3"] = 100.0, [550.0, 105.0, 20.0]
    table["volume_response"] = table["recist"] = ["PD", "SD", "PR"]
    table["volume_within_error"] = table["recist_within_error"] = [False, True, False]
    return table


@pytest.mark.parametrize("by", ["volume", "diameter"])
def test_the_waterfall_hatches_what_is_within_measurement_error(by) -> None:
    axes = response_waterfall_figure(patients(), by=by).axes[0]
    bars = [bar for bar in axes.patches if bar.get_height() != 0]
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True, False]
    assert bars[0].get_height() == pytest.approx(300)  # cut, and said so
    assert any("450" in text.get_text() for text in axes.texts)


def test_the_spider_has_a_line_a_patient_that_starts_at_the_baseline() -> None:
    lines = [line for line in response_spider_figure(patients()).axes[0].lines if len(line.get_xdata()) > 1]
    assert len(lines) == 3
    assert all(line.get_ydata()[0] == 1.0 for line in lines)
    assert response_spider_figure(patients().assign(volume_after_mm3=np.nan)).axes[0].texts  # says why it is empty


def test_the_bars_of_robustness_are_the_shares_of_features() -> None:
    table = pd.DataFrame(
        {
            "images": "ct", "filter": "original", "family": ["glcm", "glcm", "shape"], "group": "contour",
            "icc": [0.95, 0.8, 0.99], "lower": [0.91, 0.6, 0.97], "lesions": 30, "readings": 8,
        }
    )  # fmt: skip
    figure = robustness_figure(table, group="contour")
    assert sorted(round(bar.get_width()) for bar in figure.axes[0].patches) == [50, 100, 100, 100]
    assert robustness_figure(table, group="acquisition").axes[0].texts
