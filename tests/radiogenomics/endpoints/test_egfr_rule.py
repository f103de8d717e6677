"""Which EGFR variants make a label positive, negative or missing."""

from __future__ import annotations

import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.endpoints import derive_labels
from radiogenomics.endpoints.egfr import egfr_variant_effect


@pytest.mark.parametrize(
    ("effect", "changes"),
    [
        (
            "sensitising",
            "p.L858R p.E746_A750del p.L747_A750delinsP p.S752_I759del p.L747_P753delinsS p.G719A p.G719S p.S768I p.L861Q "
            "p.I744_K745insKIPVAI p.K739_I744dup p.A763_Y764insFQEA",
        ),
        ("resistance", "p.T790M p.C797S"),
        ("exon_20_insertion", "p.D770_N771insSVD p.S768_D770dup p.H773dup p.P772_H773dup p.N771delinsGY"),
        (
            "uncertain",
            "p.A13T p.C1049R p.L747P p.V765L p.L858Q p.G724S p.X210_splice p.E746Kfs*3 p.E709_T710delinsD p.R521K",
        ),
    ],
)
def test_known_variants_have_their_published_effect(effect, changes):
    assert {change: egfr_variant_effect(change) for change in changes.split()} == dict.fromkeys(changes.split(), effect)


def test_a_variant_without_a_protein_change_is_uncertain():
    assert egfr_variant_effect("") == "uncertain"


def labels_of(write_cohort_files, variants: str, **mutations) -> pd.DataFrame:
    maf = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n" + variants
    matrix = "SAMPLE_ID\tmutations\nP1\tWIDE\nP2\tWIDE\nP3\tNARROW\nP4\tWIDE\n"
    cohort = write_cohort_files(
        {
            "clinical.csv": "id\nP1\nP2\nP3\nP4\nP5\n",
            "m.maf": maf,
            "matrix.tsv": matrix,
            "panels.csv": "panel,gene\nWIDE,EGFR\nWIDE,KRAS\nNARROW,KRAS\n",
        },
        mutations={"maf": "m.maf", "panel_matrix": "matrix.tsv", "panels": "panels.csv", **mutations},
        endpoints={"egfr": {"label": {"rule": "egfr_sensitising_variant"}, "modalities": ["mutations"]}},
    )
    labels, _ = derive_labels(cohort, read_inputs(cohort).manifest)
    return labels.set_index("patient_id")


def test_wild_type_only_where_the_panel_covers_egfr(write_cohort_files):
    labels = labels_of(write_cohort_files, "KRAS\tMissense_Mutation\tP3\tp.G12C\n")
    assert labels.loc["P1", "label"] == 0
    assert pd.isna(labels.loc["P3", "label"])
    assert labels.loc["P3", "reason"] == "sequenced, but no panel is known to cover EGFR"
    assert pd.isna(labels.loc["P5", "label"])
    assert labels.loc["P5", "reason"] == "not sequenced"


def test_resistance_exon_20_or_uncertain_variants_alone_are_missing_not_negative(write_cohort_files):
    labels = labels_of(
        write_cohort_files,
        "EGFR\tMissense_Mutation\tP1\tp.T790M\nEGFR\tIn_Frame_Ins\tP2\tp.D770_N771insSVD\nEGFR\tMissense_Mutation\tP4\tp.A13T\n",
    )
    assert labels["label"].isna().all()
    assert "exon 20 insertion: p.D770_N771insSVD" in labels.loc["P2", "reason"]
    assert labels.loc["P2", "source_rows"] == "m.maf:3"


def test_a_sensitising_variant_is_positive_whatever_stands_beside_it_and_a_silent_one_changes_nothing(
    write_cohort_files,
):
    labels = labels_of(
        write_cohort_files,
        "EGFR\tMissense_Mutation\tP1\tp.T790M\nEGFR\tIn_Frame_Del\tP1\tp.E746_A750del\nEGFR\tSilent\tP2\tp.Q787=\n",
    )
    assert labels.loc["P1", "label"] == 1
    assert labels.loc["P2", "label"] == 0


def test_without_declared_panels_egfr_is_known_only_where_the_maf_names_it(write_cohort_files):
    labels = labels_of(write_cohort_files, "KRAS\tMissense_Mutation\tP1\tp.G12C\n", panels=None)
    assert labels["label"].isna().all()
    labels = labels_of(write_cohort_files, "EGFR\tMissense_Mutation\tP1\tp.L858R\n", panels=None)
    assert labels["label"].loc[["P1", "P2", "P3"]].tolist() == [1, 0, 0]
