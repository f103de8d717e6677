"""Each form of the exported table can be read back, and says of each column what it is."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from radiogenomics.exceptions import InputError, TableError
from radiogenomics.exports import FORMATS, export_predictions
from radiogenomics.exports.adam import adam_table
from radiogenomics.exports.exported import predictions_table
from radiogenomics.exports.sas import sas_rows
from radiogenomics.storage.prediction_columns import COLUMNS, SUPERSEDED, typed
from tests.conftest import REPOSITORY
from tests.radiogenomics.exports.data_package_rules import broken_rules
from tests.radiogenomics.storage.prediction_rows import rows


@pytest.fixture
def table():
    """Out-of-fold and prospective rows with something of everything: abstention, sets, missing values."""
    first = rows(
        created="2026-03-01T12:34:56.123456",
        prediction_set="{0,1}",
        set_level=0.9,
        in_domain=pd.array([True, False, pd.NA, True]),
    )
    first.loc[1, ["probability", "lower", "upper"]] = np.nan
    first.loc[1, ["abstained", "modalities_used", "abstention_reason"]] = [
        True,
        "",
        "nothing of clinical is known, “really”",
    ]
    return pd.concat([first, rows("late-weighted-2", "2026-04-01", kind="prospective", patients=3)], ignore_index=True)


def test_csv_and_parquet_come_back_as_they_went(table, tmp_path):
    export_predictions(table, tmp_path / "p.csv", "csv")
    export_predictions(table, tmp_path / "p.parquet", "parquet")
    pd.testing.assert_frame_equal(typed(pd.read_parquet(tmp_path / "p.parquet")), table)
    pd.testing.assert_frame_equal(
        typed(
            pd.read_csv(
                tmp_path / "p.csv", keep_default_na=False, na_values={c.name: [""] for c in COLUMNS if c.type != "text"}
            )
        ),
        table,
    )


def test_a_sas_transport_file_comes_back_with_names_labels_times_and_missing_values(table, tmp_path):
    export_predictions(table, tmp_path / "p.xpt", "xpt")
    found, about = pyreadstat.read_xport(str(tmp_path / "p.xpt"))
    assert about.table_name == "PRED"
    assert about.file_label == "SIMULATED: PRED"
    assert about.column_names_to_labels == {c.sas_name: c.label for c in COLUMNS}
    for column in COLUMNS:
        given, read = table[column.name], found[column.sas_name]
        if column.type == "datetime":
            assert list(read.dt.tz_localize("UTC").dt.floor("us")) == list(given)
        elif column.type == "text":
            assert list(read) == [text.replace("“", '"').replace("”", '"') for text in given]
        else:
            np.testing.assert_array_equal(
                read.to_numpy(dtype=float), given.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            )


def test_names_and_labels_fit_a_transport_file_and_are_not_used_twice(table):
    for columns in (predictions_table(table).columns, adam_table(table).columns, (SUPERSEDED,)):
        assert all(re.fullmatch(r"[A-Z][A-Z0-9_]{0,7}", column.sas_name) for column in columns)
        assert all(len(column.label) <= 40 and column.label.isascii() and column.description for column in columns)
        assert len({column.sas_name for column in columns}) == len(columns)


def test_a_list_longer_than_a_transport_file_allows_goes_on_in_a_second_variable(table):
    names = [f"radiomics_of_image_{i:02d}" for i in range(20)]
    table.loc[0, "modalities_used"] = ";".join(names)
    found, columns = sas_rows(predictions_table(table))
    assert [c.sas_name for c in columns if c.sas_name.startswith("MODUSED")] == ["MODUSED", "MODUSED1", "MODUSED2"]
    assert ";".join(found.loc[0, ["MODUSED", "MODUSED1", "MODUSED2"]]).split(";") == names
    assert found["MODUSED"].str.len().max() <= 200
    assert found.loc[1:, "MODUSED1"].eq("").all()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("patient_id", "Zoë-1", "patient_id 'Zoë-1'.*ASCII only.*pseudonyms"),
        ("abstention_reason", "x" * 201, "abstention_reason: a text of 201"),
    ],
)
def test_what_a_transport_file_cannot_hold_is_refused_and_nothing_is_written(table, tmp_path, column, value, words):
    table.loc[0, column] = value
    with pytest.raises(TableError, match=words):
        export_predictions(table, tmp_path / "p.xpt", "xpt")
    assert list(tmp_path.iterdir()) == []


def test_the_adam_form_has_one_row_a_subject_model_repeat_and_parameter(table, tmp_path):
    export_predictions(table, tmp_path / "adpred.xpt", "adam")
    found, about = pyreadstat.read_xport(str(tmp_path / "adpred.xpt"))
    assert about.table_name == "ADPRED"
    assert list(found.columns[:7]) == ["STUDYID", "USUBJID", "PARAMCD", "PARAM", "AVAL", "AVALC", "ASEQ"]
    assert found["PARAMCD"].str.len().max() <= 8
    assert found.groupby("PARAMCD")["PARAM"].nunique().eq(1).all()
    assert not found.duplicated(["STUDYID", "USUBJID", "ASEQ"]).any()
    assert found.groupby("USUBJID")["ASEQ"].apply(lambda s: sorted(s) == list(range(1, len(s) + 1))).all()
    wide = found.pivot(index=["USUBJID", "MODELID"], columns="PARAMCD", values="AVAL")
    for row in table.to_dict("records"):
        values = wide.loc[(row["patient_id"], row["model_id"])]
        assert values["PROB"] == pytest.approx(row["probability"], nan_ok=True, abs=0)
        assert values["ABSTAIN"] == row["abstained"]
        assert np.isnan(values["LABEL"]) == pd.isna(row["label"])
    labels = found[found["PARAMCD"] == "LABEL"]
    assert set(zip(labels["AVAL"].fillna(-1), labels["AVALC"], strict=True)) == {(1.0, "Y"), (0.0, "N"), (-1.0, "")}
    assert set(found.loc[found["PARAMCD"] == "PREDSET", "AVALC"]) == {"{0,1}", ""}


def test_the_adam_form_holds_one_endpoint_and_says_so(table, tmp_path):
    both = pd.concat([table, table.assign(endpoint="response")])
    with pytest.raises(InputError, match=r"one endpoint a file.*egfr_status.*response"):
        export_predictions(both, tmp_path / "a.xpt", "adam")
    with pytest.raises(InputError, match=r"ends in \.xpt, \.csv, \.parquet, found '\.txt'"):
        export_predictions(table, tmp_path / "a.txt", "adam")
    assert list(tmp_path.iterdir()) == []


def test_every_export_is_a_valid_data_package_and_the_csv_holds_what_it_says(table, tmp_path):
    files = {"csv": "p.csv", "parquet": "p.parquet", "xpt": "p.xpt", "adam": "adpred.csv"}
    assert set(files) == set(FORMATS)
    for form, name in files.items():
        export_predictions(table, tmp_path / name, form)
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert [resource["path"] for resource in package["resources"]] == sorted(files.values())
    assert broken_rules(package, tmp_path) == []
    for resource in package["resources"]:
        assert resource["simulated"] is True
        assert resource["title"].startswith("SIMULATED DATA")
        assert all(field["description"] and field["title"] for field in resource["schema"]["fields"])


def test_an_altered_export_no_longer_matches_its_data_package(table, tmp_path):
    export_predictions(table, tmp_path / "p.csv", "csv")
    text = (tmp_path / "p.csv").read_text()
    (tmp_path / "p.csv").write_text(text.replace("out_of_fold", "out_of_mind", 1))
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert broken_rules(package, tmp_path) == ["p.csv: hash", "p.csv: kind 'out_of_mind' is not in its enum"]


def test_exporting_again_replaces_the_entry_and_a_foreign_file_is_left_alone(table, tmp_path):
    export_predictions(table, tmp_path / "p.csv", "csv")
    export_predictions(table.head(2), tmp_path / "p.csv", "csv")
    (entry,) = json.loads((tmp_path / "datapackage.json").read_text())["resources"]
    assert entry["bytes"] == (tmp_path / "p.csv").stat().st_size
    (tmp_path / "datapackage.json").write_text("[1]")
    with pytest.raises(TableError, match="is no data package"):
        export_predictions(table, tmp_path / "p.csv", "csv")
    assert (tmp_path / "datapackage.json").read_text() == "[1]"


def test_the_page_names_every_column_with_its_meaning():
    page = (REPOSITORY / "docs" / "predictions.md").read_text(encoding="utf-8").replace("\\<", "<")
    for column in (*COLUMNS, SUPERSEDED):
        assert f"| `{column.name}` | `{column.sas_name}` | {column.type} | {column.description} |" in page
