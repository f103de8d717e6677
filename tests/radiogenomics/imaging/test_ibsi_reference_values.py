"""Every published IBSI reference value, at its published tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiogenomics.exceptions import TableError
from radiogenomics.imaging.ibsi.conformance import ibsi_conformance
from radiogenomics.imaging.ibsi.conformance_report import conformance_page
from radiogenomics.imaging.ibsi.reference import read_feature_references

VALUES = {"digital phantom": 482, "a": 406, "b": 406, "c": 270, "d": 270, "e": 270}


@pytest.fixture(scope="module")
def compared(shared_data):
    return ibsi_conformance(shared_data)


def _outside(part) -> list[str]:
    return [
        f"{r.configuration} {r.tag}: {r.reference} +- {r.tolerance}, found {r.found}"
        for r in part.itertuples()
        if not r.within
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("configuration", VALUES)
def test_every_reference_value_of_a_configuration_is_met(compared, configuration) -> None:
    part = compared[(compared["standard"] == "IBSI-1") & (compared["configuration"] == configuration)]
    assert len(part) == VALUES[configuration]
    assert _outside(part) == []


@pytest.mark.real_data
def test_every_response_map_of_the_filters_is_within_one_percent_of_its_range(compared) -> None:
    part = compared[compared["standard"] == "IBSI-2 maps"]
    assert len(part) == 30
    assert _outside(part) == []


@pytest.mark.real_data
def test_every_feature_value_of_the_filtered_ct_phantom_is_met(compared) -> None:
    part = compared[compared["standard"] == "IBSI-2 values"]
    assert len(part) == 18 * 18 - 1  # one has no consensus
    assert _outside(part) == []


@pytest.mark.real_data
def test_the_page_in_the_documentation_is_what_the_comparison_gives(compared) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "ibsi.md"
    assert page.read_text(encoding="utf-8") == conformance_page(compared)


@pytest.mark.real_data
def test_the_command_says_how_many_agree_and_writes_the_page(shared_data, tmp_path) -> None:
    import io
    import shutil

    from rich.console import Console

    from pipelines.commands.ibsi import ibsi

    shutil.copytree(shared_data / "ibsi1_digital_phantom", tmp_path / "ibsi1_digital_phantom")
    table = tmp_path / "ibsi1_digital_phantom" / "reference_values.csv"
    table.write_text(table.read_text().replace("2.15;0;stat_mean", "2.95;0;stat_mean"))
    shown = Console(file=io.StringIO(), width=120)
    code = ibsi(tmp_path, tmp_path / "page.md", shown, Console(file=io.StringIO()))
    text = shown.file.getvalue()
    assert code == 1
    assert "481 of 482 within tolerance" in text
    assert "not within: IBSI-1 digital phantom stat_mean: reference 2.95" in text
    assert "| IBSI-1 | digital phantom | stat_mean | 2.95 |" in (tmp_path / "page.md").read_text()


def test_a_folder_without_phantoms_is_refused_by_name(tmp_path) -> None:
    with pytest.raises(TableError, match="holds none of ibsi1_digital_phantom"):
        ibsi_conformance(tmp_path)


@pytest.mark.parametrize(
    ("value", "tolerance", "found", "agrees"),
    [
        ("0.585", "", 0.5854, True),
        ("0.585", "", 0.5856, False),
        ("2.1", "0.01", 2.1099, True),
        ("2.1", "0.01", 2.1101, False),
        ("-18000000", "1400000", -19300000.0, True),
        ("5", "0", 5.004, True),
        ("5", "0", float("nan"), False),
    ],
)
def test_a_value_agrees_within_its_tolerance_or_its_three_published_digits(
    tmp_path, value, tolerance, found, agrees
) -> None:
    path = tmp_path / "values.csv"
    path.write_text(f"reference value;tolerance;tag\n{value};{tolerance};x\n;;y\n")
    reference = read_feature_references(path)
    assert list(reference) == ["x"]
    assert reference["x"].agrees(found) is agrees


def test_a_damaged_reference_table_is_named_with_its_row(tmp_path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("reference value;tolerance;tag\n1;0;a\ntwo;0;b\n")
    with pytest.raises(TableError, match=r"values\.csv row 3: a number expected, found 'two'"):
        read_feature_references(path)
