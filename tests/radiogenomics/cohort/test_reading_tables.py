"""Reading one table: what a person hands over is read, or refused with a message that says what to mend."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from radiogenomics.cohort.reading import read_table
from radiogenomics.exceptions import TableError


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,age\nP1,60\nP2,\n"),
        ("a.csv", "\ufeffid,age\r\nP1,60\r\nP2,\r\n"),
        ("a.tsv", "id\tage\nP1\t60\nP2\t\n"),
        ("a.txt", "id\tage\nP1\t60\nP2\t\n"),
        ("a.txt", "id,age\nP1,60\nP2,\n"),
        ("a.csv", "id;age\nP1;60\nP2;\n"),
        ("a.csv", '"id","age"\n"P1","60"\n"P2",""\n'),
        ("a.csv", " id , age \nP1,60\nP2,\n"),
        ("a.csv", "id,age,,\nP1,60,,\nP2,,,\n"),
        ("a.csv.gz", gzip.compress(b"id,age\nP1,60\nP2,\n", mtime=0)),
        ("a.csv", gzip.compress(b"id,age\nP1,60\nP2,\n", mtime=0)),
    ],
)
def test_every_common_spelling_of_a_table_gives_the_same_cells(tmp_path, name, content):
    raw = read_table(written(tmp_path, name, content))
    assert list(raw.cells.columns) == ["id", "age"]
    assert raw.cells.to_numpy().tolist() == [["P1", "60"], ["P2", ""]]
    assert not raw.ragged


def test_parquet_gives_text_with_blank_for_null_and_lines_as_if_it_had_a_header(tmp_path):
    pd.DataFrame({"id": ["P1", "P2"], "age": [60, None], "stage": pd.Categorical(["I", None])}).to_parquet(
        tmp_path / "a.parquet"
    )
    raw = read_table(tmp_path / "a.parquet")
    assert raw.cells["id"].tolist() == ["P1", "P2"]
    assert float(raw.cells.loc[2, "age"]) == 60
    assert raw.cells.loc[3].tolist() == ["P2", "", ""]


def test_commented_header_lines_of_cbioportal_are_skipped_and_line_numbers_stay_those_of_the_editor(tmp_path):
    text = "#Patient Identifier\tAge\n#Identifier\tAge in years\n#STRING\tNUMBER\n#1\t1\nPATIENT_ID\tAGE\nP1\t60\n\n#odd\t61\n"
    raw = read_table(written(tmp_path, "data_clinical_patient.txt", text))
    assert raw.cells.index.tolist() == [6, 8]
    assert raw.cells["PATIENT_ID"].tolist() == ["P1", "#odd"]


def test_line_numbers_count_line_breaks_inside_quotes(tmp_path):
    raw = read_table(written(tmp_path, "a.csv", 'id,note\nP1,"two\nlines"\nP2,one\n'))
    assert raw.cells.index.tolist() == [2, 4]


def test_a_stray_quote_in_a_tab_separated_file_swallows_nothing(tmp_path):
    raw = read_table(written(tmp_path, "a.maf", "gene\tcomment\nTP53\t\"5' end\nKRAS\tnone\n"))
    assert raw.cells["gene"].tolist() == ["TP53", "KRAS"]
    assert raw.cells.loc[2, "comment"] == "\"5' end"


def test_a_line_with_too_many_or_too_few_cells_is_reported_and_not_shifted_in_silence(tmp_path):
    raw = read_table(written(tmp_path, "a.csv", "id,age,sex\nP1,60,F\nP2,61\nP3,62,M,extra\n"))
    assert set(raw.ragged) == {3, 4}
    assert "2 cells where the header has 3" in raw.ragged[3]


@pytest.mark.parametrize(
    ("name", "content", "rule", "message"),
    [
        ("a.csv", "", "empty_file", "empty file"),
        ("a.csv", "# only a comment\n\n", "empty_file", "empty file"),
        ("a.csv", "id,age,id\nP1,60,P1\n", "duplicated_header", "'id' stands more than once"),
        ("a.csv", "id,age\nP1,60\nJos\u00e9,61\n".encode("latin-1"), "encoding", "line 3: not UTF-8"),
        ("a.csv", "id,age\n".encode("utf-16"), "encoding", "UTF-16"),
        ("a.csv", b"id,age\nP1,\x00\n", "encoding", "line 2: contains a NUL"),
        ("a.csv.gz", gzip.compress(b"id,age\nP1,60\n" * 500, mtime=0)[:-20], "gzip", "truncated or damaged"),
        ("a.csv", 'id,note\nP1,"never closed\nP2,x\n', "quoting", "quote left open"),
        ("a.parquet", b"not parquet", "parquet", "not a readable Parquet"),
    ],
)
def test_a_broken_file_is_one_message_that_names_file_line_and_rule(tmp_path, name, content, rule, message):
    with pytest.raises(TableError, match=message) as caught:
        read_table(written(tmp_path, name, content))
    assert caught.value.rule == rule
    assert name in str(caught.value)


def test_a_missing_file_is_named_with_its_whole_path(tmp_path):
    with pytest.raises(TableError, match=str(tmp_path / "gone.csv")):
        read_table(tmp_path / "gone.csv")


def test_a_missing_column_suggests_the_nearest_one(tmp_path):
    raw = read_table(written(tmp_path, "a.csv", "Case ID,Gender\nP1,F\n"))
    with pytest.raises(TableError, match="no column 'case_id'; did you mean 'Case ID'"):
        raw.column("case_id")
    with pytest.raises(TableError, match="it has 'Case ID', 'Gender'"):
        raw.column("zzz")
