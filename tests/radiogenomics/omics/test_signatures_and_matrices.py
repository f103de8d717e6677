"""Matrices of molecules by samples, and signature scores that need no other patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiogenomics.cohort import read_inputs
from radiogenomics.exceptions import TableError
from radiogenomics.omics import expression_features, omics_features
from radiogenomics.omics.signatures import Signature, signature_score

CLINICAL = {"clinical.csv": "id\nP1\nP2\n"}
TABLE = "gene\tP1\tP2\nA\t1\t4\nB\t2\t3\nA\t3\t0\nC\t5\t1\n"
SIGNATURE = Signature("s", ("A", "B"), ("C",), "")


def values_of(write_cohort_files, table=TABLE, extra=None, **settings):
    cohort = write_cohort_files(
        {**CLINICAL, "e.tsv": table, **(extra or {})}, expression={"file": "e.tsv", "scale": "log", **settings}
    )
    features = expression_features(cohort, read_inputs(cohort).manifest)
    return features.values.set_index("patient_id"), features


@pytest.mark.parametrize(
    ("rule", "expected"), [("mean", [2, 2]), ("maximum", [1, 4]), ("first", [1, 4])]
)  # of both rows of A the means are equal: the first of them is the largest
def test_rows_with_one_name_become_one_as_declared(write_cohort_files, rule, expected):
    assert values_of(write_cohort_files, duplicates=rule)[0]["A"].tolist() == expected


def test_rows_with_one_name_can_be_refused(write_cohort_files):
    table, features = values_of(write_cohort_files, duplicates="refuse")
    assert list(table.columns) == ["B", "C"]
    assert "'A' stands 2 times (lines 2, 4)" in features.quarantine["reason"].iloc[0]


def test_a_declared_orientation_that_the_samples_contradict_is_an_error(write_cohort_files):
    with pytest.raises(TableError, match="declared as samples_in_rows, but 2 column names and 0 first cells"):
        values_of(write_cohort_files, orientation="samples_in_rows")


def test_ensembl_identifiers_lose_their_version_and_become_symbols_by_a_table(write_cohort_files):
    table = "id\tP1\tP2\nENSG00000146648.18\t1\t2\nENSG00000000001.1\t1\t2\n"
    plain, _ = values_of(write_cohort_files, table, identifiers="ensembl")
    assert list(plain.columns) == ["ENSG00000146648", "ENSG00000000001"]
    symbols = {"s.csv": "ensembl,symbol\nENSG00000146648,EGFR\n"}
    named, features = values_of(write_cohort_files, table, symbols, identifiers="ensembl", symbols="s.csv")
    assert list(named.columns) == ["EGFR"]
    assert features.quarantine["rule"].tolist() == ["unknown_identifier"]


@pytest.mark.parametrize(
    ("scale", "value", "message"),
    [("counts", "0.5", "no whole numbers"), ("tpm", "2000000", "more than a million"), ("log", "500", "no logarithm")],
)
def test_values_that_contradict_the_declared_scale_are_an_error(write_cohort_files, scale, value, message):
    with pytest.raises(TableError, match=message):
        values_of(write_cohort_files, TABLE.replace("5\t1", f"{value}\t1"), scale=scale)


def test_parquet_and_delimited_text_give_the_same_features(write_cohort_files, tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"gene": ["A", "B"], "P1": [1.25, 2.0], "P2": [0.5, -3.0]})
    frame.to_parquet(tmp_path / "e.parquet")
    from_parquet, _ = values_of(write_cohort_files, file="e.parquet")
    from_text, _ = values_of(write_cohort_files, frame.to_csv(sep="\t", index=False))
    pd.testing.assert_frame_equal(from_parquet, from_text)


def test_a_further_omics_table_is_its_own_modality(write_cohort_files):
    cohort = write_cohort_files(
        {**CLINICAL, "p.csv": "protein,P1,P2\nEGFR,0.1,0.2\n"},
        omics={"proteomics": {"file": "p.csv", "scale": "log"}},
        endpoints={
            "y": {"label": {"column": "id", "positive": ["P1"], "negative": ["P2"]}, "modalities": ["proteomics"]}
        },
    )
    features = omics_features(cohort, read_inputs(cohort).manifest, "omics/proteomics")
    assert features.dictionary[["modality", "derived_from"]].to_numpy().tolist() == [
        ["proteomics", "omics/proteomics:EGFR"]
    ]
    assert "proteomics" in cohort.modalities()


def test_a_signature_with_too_few_of_its_genes_is_not_scored_and_says_which_are_lacking(write_cohort_files):
    sets = "signature,gene,direction,source\n" + "".join(f"s,{g},up,x\n" for g in "ABCDE") + "t,B,up,x\nt,C,down,x\n"
    table, features = values_of(write_cohort_files, extra={"sets.csv": sets}, signatures="sets.csv")
    assert [c for c in table.columns if c.startswith("signature_")] == ["signature_t"]
    assert "3 of 5 genes are there, 80% are needed; lacking D, E" in features.quarantine["reason"].iloc[0]
    assert table["signature_t"].tolist() == [-0.75, 1.0]  # ranks of A, B, C: 1.5, 1.5, 3 and 2, 3, 1
    assert features.dictionary.set_index("feature").loc["signature_t", "derived_from"] == "expression:B;expression:C"


def test_the_packaged_signatures_are_those_of_their_papers(write_cohort_files):
    from radiogenomics.omics.signatures import read_signatures

    cohort = write_cohort_files({**CLINICAL, "e.tsv": TABLE}, expression={"file": "e.tsv", "scale": "log"})
    found = {s.name: s for s in read_signatures(cohort, "packaged")}
    sizes = {name: (len(s.up), len(s.down)) for name, s in found.items()}
    assert sizes == {"emt": (12, 3), "interferon_gamma": (6, 0), "proliferation": (11, 0), "t_cell_inflamed": (18, 0)}
    assert all(s.source for s in found.values())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-50, 50), min_size=6, max_size=6), min_size=2, max_size=5))
def test_a_score_is_of_one_sample_alone_and_of_ranks_alone(rows):
    genes, values = list("ABCDEF"), np.round(np.array(rows), 3)
    together = signature_score(SIGNATURE, genes, values)
    alone = np.array([signature_score(SIGNATURE, genes, row[None, :])[0] for row in values])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_allclose(signature_score(SIGNATURE, genes, np.exp(values / 10)), together, atol=1e-12)
    assert (np.abs(together) <= 1).all()
