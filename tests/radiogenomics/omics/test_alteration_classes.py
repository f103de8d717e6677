"""Classes of alteration, copy number, fusions, pathways, several MAFs, sample policies and packaged panels."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.cohort import account, load_cohort, read_inputs
from radiogenomics.cohort.gene_names import current_symbol, turned_by_spreadsheet
from radiogenomics.cohort.panels import packaged, read_panels
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics import mutation_features
from radiogenomics.omics.burden import burden_agreement

HEADER = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tReference_Allele\tTumor_Seq_Allele2\tStart_Position\n"


def variant(gene, kind, sample, change="", ref="C", alt="A", at=1):
    return f"{gene}\t{kind}\t{sample}\t{change}\t{ref}\t{alt}\t{at}\n"


FILES = {
    "clinical.csv": "id,start\nP1,2020-01-10\nP2,2020-01-10\nP3,2020-01-10\n",
    "samples.tsv": "PATIENT_ID\tSAMPLE_ID\tTYPE\tTAKEN\tTMB\nP1\tS1\tPrimary\t2019-12-01\t2\nP1\tS1m\tMetastasis\t2020-06-01\t0\n"
    "P2\tS2\tPrimary\t2020-01-10\t1\nP3\tS3\tMetastasis\t\t1\n",
    "matrix.tsv": "SAMPLE_ID\tmutations\nS1\tBIG\nS1m\tBIG\nS2\tBIG\nS3\tSMALL\n",
    "panels.csv": "panel,gene,coding_mb\n"
    + "".join(f"BIG,{g},1.0\n" for g in ("EGFR", "KRAS", "TP53", "MLL2", "CDKN2A", "ALK"))
    + "SMALL,KRAS,0.5\nSMALL,TP53,0.5\n",
    "m.maf": HEADER
    + variant("KRAS", "Missense_Mutation", "S1", "p.G12C", at=1)
    + variant("TP53", "Nonsense_Mutation", "S1", "p.R213*", at=2)
    + variant("KMT2D", "Missense_Mutation", "S1m", "p.A5V", "C", "T", at=3)
    + variant("KRAS", "Missense_Mutation", "S2", "p.K5N", at=4)
    + variant("TP53", "Missense_Mutation", "S3", "p.R175H", "C", "T", at=5),
    "cna.txt": "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\tS3\nEGFR\t1956\t2\t0\t0\nCDKN2A\t1029\t0\t-2\tNA\nTP53\t7157\t-1.5\t0\tx\n",
    "sv.txt": "Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tSV_Status\nS2\tEML4\tALK\tSOMATIC\nS1\tEGFR\tEGFR\tSOMATIC\nS3\tRET\tKIF5B\tGERMLINE\n",
    "s.seg": "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nS1\t1\t0\t100\t9\t0.5\nS1\t2\t0\t300\t9\t0.1\nS2\t1\t50\t20\t9\t0.5\n",
}
CLINICAL = {
    "index_date": {"table": "main", "column": "start"},
    "tables": {
        "main": {"file": "clinical.csv", "patient_id": "id"},
        "samples": {"file": "samples.tsv", "patient_id": "PATIENT_ID", "one_row_per": "sample", "sample_id": "SAMPLE_ID"},
    },
}  # fmt: skip
MUTATIONS = {
    "maf": "m.maf", "samples": {"table": "samples"}, "panel_matrix": "matrix.tsv", "panels": "panels.csv", "copy_number": "cna.txt",
    "structural_variants": "sv.txt", "segments": "s.seg",
    "classes": ["any", "truncating", "missense", "hotspot", "amplification", "deep_deletion", "fusion"],
}  # fmt: skip


def features_of(write_cohort_files, files=FILES, **changes):
    cohort = write_cohort_files(files, clinical=CLINICAL, mutations={**MUTATIONS, **changes})
    inputs = read_inputs(cohort)
    assert account(inputs)["balanced"].all()
    return mutation_features(cohort, inputs.manifest), inputs, cohort


def test_each_class_of_alteration_is_its_own_feature(write_cohort_files):
    features, _, _ = features_of(write_cohort_files)
    table = features.values.set_index("patient_id")
    assert table["KRAS"].tolist() == [1, 1, 0]
    assert table["KRAS_hotspot"].tolist() == [1, 0, 0]  # G12C is one, K5N is not
    assert table["TP53_truncating"].tolist() == [1, 0, 0]
    assert table["TP53_hotspot"].tolist() == [0, 0, 1]
    assert table["EGFR_amplification"].tolist()[:2] == [1, 0]
    assert np.isnan(table.loc["P3", "EGFR_amplification"])  # a call, but the panel does not cover EGFR
    assert table["CDKN2A_deep_deletion"].tolist()[:2] == [0, 1]
    assert table.loc["P1", "TP53_deep_deletion"] == 1  # -1.5 is deep
    assert table["ALK_fusion"].tolist()[:2] == [0, 1]
    assert "EGFR_fusion" not in table.columns  # a rearrangement within one gene
    origin = features.dictionary.set_index("feature")["derived_from"]
    assert (origin["EGFR_amplification"], origin["ALK_fusion"]) == ("copy_number:EGFR", "structural_variants:ALK")


def test_a_call_that_is_none_and_a_germline_fusion_and_an_impossible_segment_are_set_aside(write_cohort_files):
    features, inputs, _ = features_of(write_cohort_files)
    assert set(inputs.quarantine["rule"]) == {"not_somatic", "bad_segment"}
    assert "'x' of TP53 is no call" in features.quarantine["reason"].to_list()[-1]


def test_a_gene_that_was_renamed_is_one_gene_on_every_panel(write_cohort_files):
    table = features_of(write_cohort_files)[0].values.set_index("patient_id")
    assert table["KMT2D"].tolist()[:2] == [1, 0]  # the panel calls it MLL2
    assert (current_symbol("MLL2"), current_symbol("EGFR")) == ("KMT2D", "EGFR")


def test_fraction_of_genome_altered_and_smoking_fraction(write_cohort_files):
    table = features_of(write_cohort_files, smoking_minimum_variants=2)[0].values.set_index("patient_id")
    assert table.loc["P1", "fraction_genome_altered"] == pytest.approx(0.25)
    assert table.loc["P1", "smoking_c_to_a_fraction"] == pytest.approx(2 / 3)
    assert np.isnan(table.loc["P2", "smoking_c_to_a_fraction"])  # one variant is too few


def test_a_pathway_is_altered_where_one_of_its_genes_is_and_missing_where_none_is_on_the_panel(write_cohort_files):
    own = "pathway,gene,role\nA,TP53,suppressor\nB,ALK,oncogene\nB,EGFR,oncogene\n"
    features, _, _ = features_of(write_cohort_files, {**FILES, "p.csv": own}, pathways="p.csv")
    table = features.values.set_index("patient_id")
    assert table["pathway_A"].tolist() == [1, 0, 1]
    assert table["pathway_B"].tolist()[:2] == [1, 1]  # amplified; fused
    assert np.isnan(table.loc["P3", "pathway_B"])
    assert "mutations:EGFR" in features.dictionary.set_index("feature").loc["pathway_B", "derived_from"]


@pytest.mark.parametrize(
    ("policy", "column", "used"),
    [
        ("primary", "TYPE", {"S1", "S2"}),
        ("pretreatment", "TAKEN", {"S1", "S2"}),
        ("latest", "TAKEN", {"S1m", "S2", "S3"}),
    ],
)
def test_the_declared_policy_chooses_the_samples_and_records_the_others(write_cohort_files, policy, column, used):
    choose = {"policy": policy, "table": "samples", "column": column}
    features, _, _ = features_of(write_cohort_files, choose=choose, classes=["any"])
    aside = features.quarantine[features.quarantine["rule"] == "sample_not_chosen"]
    assert {r.split("'")[1] for r in aside["reason"]} == {"S1", "S1m", "S2", "S3"} - used
    assert ("P3" in set(features.values["patient_id"])) == ("S3" in used)
    assert features.values.set_index("patient_id").loc["P1", "KMT2D" if "S1m" in used else "KRAS"] == 1


def test_a_policy_without_its_column_is_an_error():
    from radiogenomics.cohort.omics_settings import SampleChoice

    with pytest.raises(ValueError, match="policy 'primary' needs `table` and `column`"):
        SampleChoice(policy="primary")


def test_several_mafs_are_one_source_and_a_variant_in_both_counts_once(write_cohort_files):
    second = (
        HEADER
        + variant("KRAS", "Missense_Mutation", "S1", "p.G12C", at=1)
        + variant("EGFR", "Missense_Mutation", "S2", "p.L858R", at=9)
    )
    features, inputs, _ = features_of(
        write_cohort_files, {**FILES, "n.maf": second}, maf=["m.maf", "n.maf"], classes=["any"]
    )
    assert features.values.set_index("patient_id").loc["P2", "EGFR"] == 1
    again = inputs.quarantine[inputs.quarantine["rule"] == "duplicate"]
    assert again["reason"].tolist() == ["n.maf line 2: the same variant stands in m.maf line 2"]


def test_a_declared_build_sets_rows_on_another_aside(write_cohort_files):
    lines = FILES["m.maf"].strip().split("\n")
    builds = ["NCBI_Build", "GRCh37", "hg19", "GRCh38", "37", "GRCh37"]
    files = {**FILES, "m.maf": "\n".join(f"{line}\t{b}" for line, b in zip(lines, builds, strict=True)) + "\n"}
    _, inputs, _ = features_of(write_cohort_files, files, build="GRCh37", classes=["any"])
    assert inputs.quarantine.loc[inputs.quarantine["rule"] == "wrong_build", "row"].tolist() == [4]


def test_burden_is_compared_with_the_studys_own_panel_by_panel(write_cohort_files):
    _, inputs, cohort = features_of(write_cohort_files, burden_column="samples:TMB")
    found = burden_agreement(cohort, inputs.manifest).set_index("panel")
    assert found.loc["BIG", "samples"] == 3
    assert found.loc["BIG", "largest_difference"] == pytest.approx(1.0)  # S1m: one variant, the study says none
    assert np.isnan(found.loc["SMALL", "pearson"])


def test_packaged_panels_have_as_many_genes_as_their_names_say():
    panels = read_panels(packaged("panels.csv"), "packaged")
    counts = panels.genes.groupby("panel").size()
    assert counts["IMPACT341"] == 341
    assert counts["IMPACT410"] == 410
    assert panels.size_mb["IMPACT341"] == pytest.approx(0.893121)
    smallest, largest = (set(panels.genes.loc[panels.genes["panel"] == p, "gene"]) for p in ("IMPACT341", "IMPACT468"))
    assert {"EGFR", "KMT2D", "STK11"} <= smallest <= largest


@pytest.mark.parametrize("name", ["2-Sep", "Sep-02", "1-Mar", "2023-09-02", "44806", "1.2e+03", "02.09.2023", "Dec-01"])
def test_what_a_spreadsheet_made_of_a_gene_is_recognised(name):
    assert turned_by_spreadsheet(name)


@pytest.mark.parametrize("name", ["SEPTIN2", "MARCHF1", "DEC1", "C1orf112", "HLA-A", "7SK", "H3-3A", "NKX2-1"])
def test_a_gene_is_not_taken_for_a_date(name):
    assert not turned_by_spreadsheet(name)


def test_a_study_folder_declares_its_tables_through_its_meta_files(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    for name, kind, datatype, data, content in (
        ("clinical_patient", "CLINICAL", "PATIENT_ATTRIBUTES", "p.txt", "#a\nPATIENT_ID\tAGE\nP1\t60\n"),
        ("clinical_sample", "CLINICAL", "SAMPLE_ATTRIBUTES", "s.txt", "PATIENT_ID\tSAMPLE_ID\nP1\tS1\n"),
        ("mutations", "MUTATION_EXTENDED", "MAF", "m.txt", HEADER + variant("TP53", "Missense_Mutation", "S1")),
        ("cna", "COPY_NUMBER_ALTERATION", "DISCRETE", "c.txt", "Hugo_Symbol\tS1\nEGFR\t2\n"),
    ):
        (study / f"meta_{name}.txt").write_text(
            f"genetic_alteration_type: {kind}\ndatatype: {datatype}\ndata_filename: {data}"
        )
        (study / data).write_text(content)
    file = tmp_path / "cohort.yaml"
    file.write_text("name: s\nstudy: study\nmutations: {classes: [any, amplification]}\n")
    cohort = load_cohort(file)
    values = mutation_features(cohort, read_inputs(cohort).manifest).values
    assert list(values.columns) == ["patient_id", "EGFR_amplification", "TP53"]
    (study / "m.txt").unlink()
    with pytest.raises(ConfigurationError, match=r"meta_mutations.txt: data_filename 'm.txt' is not in the folder"):
        load_cohort(file)
