"""Reading protein changes as MAF files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiogenomics.omics.protein_change import ProteinChange, parse_protein_change

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


@pytest.mark.parametrize(
    ("text", "expected", "net_length"),
    [
        ("p.L858R", ProteinChange("missense", 858, 858, "L", "R"), None),
        ("L858R", ProteinChange("missense", 858, 858, "L", "R"), None),
        ("p.(L858R)", ProteinChange("missense", 858, 858, "L", "R"), None),
        ("p.E286*", ProteinChange("nonsense", 286, 286, "E", "*"), None),
        ("p.Q787=", ProteinChange("synonymous", 787, 787, "Q", ""), None),
        ("p.E746_A750del", ProteinChange("deletion", 746, 750, "E", ""), -5),
        ("p.H773dup", ProteinChange("duplication", 773, 773, "H", ""), 1),
        ("p.S768_D770dup", ProteinChange("duplication", 768, 770, "S", ""), 3),
        ("p.D770_N771insSVD", ProteinChange("insertion", 770, 771, "D", "SVD"), 3),
        ("p.L747_A750delinsP", ProteinChange("delins", 747, 750, "L", "P"), -3),
        ("p.V450Sfs*13", ProteinChange("frameshift", 450, 450, "V", ""), None),
        ("p.X1010_splice", ProteinChange("splice", 1010, 1010, "", ""), None),
        ("p.M1?", ProteinChange("start_lost", 1, 1, "", ""), None),
        ("p.*394Lext*9", ProteinChange("extension", 394, 394, "*", ""), None),
        ("", ProteinChange("unknown"), None),
        ("c.2573T>G", ProteinChange("unknown"), None),
    ],
)
def test_each_form_of_the_notation_is_understood(text, expected, net_length):
    assert parse_protein_change(text) == expected
    assert parse_protein_change(text).net_length == net_length


@given(st.sampled_from(AMINO_ACIDS), st.integers(1, 40_000), st.sampled_from(AMINO_ACIDS))
def test_any_substitution_comes_back_as_it_was_written(reference, position, alternate):
    change = parse_protein_change(f"p.{reference}{position}{alternate}")
    assert (change.reference, change.first, change.last, change.inserted) == (reference, position, position, alternate)
    assert change.kind == ("synonymous" if reference == alternate else "missense")


@given(st.text(max_size=30))
def test_any_other_text_is_unknown_or_understood_but_never_an_error(text):
    assert isinstance(parse_protein_change(text).kind, str)
