"""What hospitals hand over: each malformed table is one clear message or a quarantine entry, and nothing is lost silently."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from radiogenomics.clinical import clinical_features
from radiogenomics.cohort import account, read_inputs
from radiogenomics.endpoints import derive_labels, derive_survival
from radiogenomics.exceptions import InputError
from radiogenomics.omics import expression_features, mutation_features

CLINICAL = "id,age,sex,weight,stage,response,months,progressed\n" + "".join(
    f"P{i},{50 + i},{'F' if i % 2 else 'M'},{70 + i},{'I' if i < 4 else 'II'},{'CR' if i % 2 else 'PD'},{i + 3},{i % 2}\n"
    for i in range(1, 9)
)
_HEADER = "Hugo_Symbol\tNCBI_Build\tStart_Position\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
MAF = _HEADER + "".join(
    f"{gene}\tGRCh37\t{100 + i}\tMissense_Mutation\tP{i}\tp.A{i}V\n"
    for i, gene in enumerate(["TP53", "KRAS"] * 4, start=1)
)
EXPRESSION = "gene\t" + "\t".join(f"P{i}" for i in range(1, 9)) + "\n"
EXPRESSION += "".join(
    f"{g}\t" + "\t".join(f"{(i * k) % 7}.5" for i in range(1, 9)) + "\n"
    for k, g in enumerate(["A1BG", "TP53", "KRAS", "SEPTIN2"], 2)
)
FILES = {"clinical.csv": CLINICAL, "m.maf": MAF, "expression.tsv": EXPRESSION}

SECTIONS = {
    "clinical": {
        "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
        "variables": {
            "age": {"column": "age", "type": "number", "unit": "years"},
            "sex": {"column": "sex", "type": "category", "categories": ["F", "M"]},
            "weight": {"column": "weight", "type": "number", "unit": "kg", "minimum": 30, "maximum": 250},
            "stage": {"column": "stage", "type": "ordered", "categories": ["I", "II", "III"]},
        },
    },
    "mutations": {"maf": "m.maf"},
    "expression": {"file": "expression.tsv", "scale": "log"},
    "endpoints": {
        "response": {"label": {"rule": "best_overall_response", "column": "response"}, "modalities": ["clinical"]}
    },
    "survival": {"pfs": {"time": "months", "event": "progressed"}},
}


def everything(write_cohort_files, files, sections=SECTIONS):
    """All that reads tables, and all that was set aside on the way."""
    cohort = write_cohort_files(files, **sections)
    inputs = read_inputs(cohort)
    assert account(inputs)["balanced"].all()
    parts = [inputs.quarantine]
    found = {}
    for name, make in (
        ("mutations", mutation_features),
        ("expression", expression_features),
        ("clinical", clinical_features),
    ):
        found[name] = make(cohort, inputs.manifest)
        parts.append(found[name].quarantine)
    found["labels"], aside = derive_labels(cohort, inputs.manifest)
    found["survival"], late = derive_survival(cohort, inputs.manifest)
    return found, pd.concat([*parts, aside, late], ignore_index=True)


def replaced(name: str, old: str, new: str) -> dict[str, str | bytes]:
    text = FILES[name]
    assert old in text
    return {name: text.replace(old, new, 1)}


def appended(name: str, line: str) -> dict[str, str | bytes]:
    return {name: FILES[name] + line}


def test_the_well_formed_cohort_loses_nothing(write_cohort_files):
    found, aside = everything(write_cohort_files, FILES)
    assert aside.empty
    assert len(found["clinical"].values) == 8
    assert found["labels"]["label"].notna().all()
    assert found["survival"]["event"].sum() == 4


REFUSED = {
    "clinical table in UTF-16": ({"clinical.csv": CLINICAL.encode("utf-16")}, "clinical.csv.*UTF-16"),
    "clinical table in Latin-1": (
        {"clinical.csv": CLINICAL.replace("P1,", "P\u00e9,").encode("latin-1")}, "clinical.csv line 2: not UTF-8"),
    "empty clinical table": ({"clinical.csv": ""}, "clinical.csv: empty file"),
    "clinical table of comments": ({"clinical.csv": "# nothing\n"}, "clinical.csv: empty file"),
    "header without rows": ({"clinical.csv": CLINICAL.split("\n")[0] + "\n"}, "clinical.csv: no usable row"),
    "duplicated header": (replaced("clinical.csv", "weight", "age"), "'age' stands more than once"),
    "identifier column is called otherwise": (replaced("clinical.csv", "id,", "Patient,"), "no column 'id'"),
    "variable's column is gone": (replaced("clinical.csv", "weight", "mass"), "no column 'weight'"),
    "truncated gzip": ({"m.maf": gzip.compress((MAF * 40).encode())[:-30]}, "m.maf: gzip file is truncated"),
    "not a gzip at all but its magic": ({"m.maf": b"\x1f\x8b\x08\x00garbage"}, "m.maf: gzip file is truncated or damaged"),
    "NUL bytes": ({"m.maf": MAF.encode() + b"\x00\x00"}, "m.maf line 10: contains a NUL"),
    "quote left open": ({"clinical.csv": CLINICAL.replace("P3,", '"P3,')}, "clinical.csv line 4.*quote"),
    "MAF without the sample's column": (replaced("m.maf", "Tumor_Sample_Barcode", "Sample"), "no column 'Tumor_Sample_Barcode'"),
    "MAF without the gene's column": (replaced("m.maf", "Hugo_Symbol", "Gene"), "no column 'Hugo_Symbol'"),
    "MAF without the class of variants": (replaced("m.maf", "Variant_Classification", "Kind"), "no column 'Variant_Classification'"),
    "MAF on two genome builds": (replaced("m.maf", "GRCh37", "hg38"), "line 2 is on GRCh38.*line 3 is on GRCh37"),
    "empty MAF": ({"m.maf": "#version 2.4\n"}, "m.maf: empty file"),
    "expression without samples": ({"expression.tsv": "gene\nTP53\n"}, "no sample"),
    "expression with a sample twice in the header": (replaced("expression.tsv", "P2", "P1"), "'P1' stands more than once"),
    "expression named by Ensembl": (
        {"expression.tsv": EXPRESSION.replace("A1BG", "ENSG00000121410.12").replace("TP53", "ENSG00000141510.18").replace("KRAS", "ENSG00000133703")},
        "3 of 4 names are Ensembl"),
    "raw counts declared as logarithms": (
        {"expression.tsv": EXPRESSION.replace("0.5", "15000")}, "scale 'log' is declared, but the largest value is 1.5e\\+04"),
    "expression that is an h5ad only by name": ({"expression.h5ad": b"no"}, "expression.h5ad: not a readable"),
    "file that is not there": ({"m.maf": None}, "mutations.maf: no such file"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_used_is_one_message_that_says_what_to_mend(write_cohort_files, case):
    changed, message = REFUSED[case]
    files = {name: content for name, content in {**FILES, **changed}.items() if content is not None}
    sections = dict(SECTIONS)
    if "expression.h5ad" in changed:
        sections["expression"] = {"file": "expression.h5ad", "scale": "log"}
    with pytest.raises(InputError, match=message) as caught:
        everything(write_cohort_files, files, sections)
    assert "\n" not in caught.value.message
    assert caught.value.rule


SET_ASIDE = {
    "line with a cell too many": (appended("clinical.csv", "P9,60,F,70,I,CR,4,0,extra\n"), "ragged_row", "clinical.csv line 10"),
    "line cut short": (appended("clinical.csv", "P9,60\n"), "ragged_row", "clinical.csv line 10"),
    "identifier with a blank before it": (appended("clinical.csv", " P9,60,F,70,I,CR,4,0\n"), "identifier_blanks", "clinical.csv line 10"),
    "identifier with a no-break space": (appended("clinical.csv", "P9\u00a0,60,F,70,I,CR,4,0\n"), "identifier_blanks", "clinical.csv line 10"),
    "no identifier": (appended("clinical.csv", ",60,F,70,I,CR,4,0\n"), "blank_identifier", "clinical.csv line 10"),
    "a patient twice, the same": (appended("clinical.csv", CLINICAL.split("\n")[1] + "\n"), "duplicate", "same as line 2"),
    "a patient twice, differing": (appended("clinical.csv", "P1,99,F,71,I,CR,4,1\n"), "conflicting_duplicate", "lines 2, 10"),
    "age that is text": (replaced("clinical.csv", "P1,51", "P1,fifty"), "not_a_number", "'fifty' is not a number"),
    "age with a bound": (replaced("clinical.csv", "P1,51", "P1,>89"), "number_with_text", "'>89'"),
    "age as a range": (replaced("clinical.csv", "P1,51", "P1,50-59"), "number_with_text", "'50-59'"),
    "age beyond life": (replaced("clinical.csv", "P1,51", "P1,511"), "out_of_range", "511 years is outside 0 to 120"),
    "negative age": (replaced("clinical.csv", "P1,51", "P1,-51"), "out_of_range", "outside 0 to 120"),
    "age as a spreadsheet's date": (replaced("clinical.csv", "P1,51", "P1,1900-02-20"), "not_a_number", "1900-02-20"),
    "decimal comma": (replaced("clinical.csv", "P1,51", 'P1,"51,5"'), "not_a_number", "'51,5'"),
    "weight with its unit": (replaced("clinical.csv", ",71,", ",71 kg,"), "not_a_number", "'71 kg'"),
    "infinite weight": (replaced("clinical.csv", ",71,", ",inf,"), "not_a_number", "'inf'"),
    "category in other letters": (replaced("clinical.csv", "51,F", "51,female"), "undeclared_category", "'female'"),
    "stage that is not declared": (replaced("clinical.csv", ",I,", ",IIIB,"), "undeclared_category", "'IIIB'"),
    "response that is no RECIST category": (replaced("clinical.csv", "CR", "better"), "unlisted_code", "'better'"),
    "event code that is not declared": (replaced("clinical.csv", "4,1\n", "4,maybe\n"), "unlisted_code", "'maybe'"),
    "negative time": (replaced("clinical.csv", "4,1\n", "-4,1\n"), "not_a_time", "'-4'"),
    "time that is text": (replaced("clinical.csv", "4,1\n", "4+,1\n"), "not_a_time", "'4+'"),
    "gene turned to a date": (replaced("m.maf", "KRAS", "2-Sep"), "gene_turned_date", "m.maf line 3"),
    "gene turned to a number": (replaced("m.maf", "KRAS", "44806"), "gene_turned_date", "m.maf line 3"),
    "variant without a gene": (replaced("m.maf", "KRAS", ""), "blank_gene", "m.maf line 3"),
    "class of variant that does not exist": (replaced("m.maf", "Missense_Mutation", "missense"), "unknown_variant_classification", "line 2"),
    "variant of a stranger": (replaced("m.maf", "\tP2\t", "\tX2\t"), "unknown_patient", "m.maf line 3"),
    "variant with a blank after the barcode": (replaced("m.maf", "\tP2\t", "\tP2 \t"), "identifier_blanks", "m.maf line 3"),
    "variant twice": (appended("m.maf", MAF.split("\n")[1] + "\n"), "duplicate", "m.maf line 10: same as line 2"),
    "variant line cut short": (appended("m.maf", "TP53\tGRCh37\n"), "ragged_row", "m.maf line 10"),
    "expression of a gene turned to a date": (replaced("expression.tsv", "SEPTIN2", "Sep-02"), "gene_turned_date", "expression.tsv line 5"),
    "expression of a nameless gene": (replaced("expression.tsv", "A1BG", ""), "blank_gene", "expression.tsv line 2"),
    "expression cell that is text": (replaced("expression.tsv", "0.5", "low"), "not_a_number", "expression.tsv line"),
    "expression line cut short": (appended("expression.tsv", "EGFR\t1.5\n"), "ragged_row", "expression.tsv line 6"),
    "expression of a stranger": (replaced("expression.tsv", "P8", "X8"), "unknown_patient", "expression.tsv column 9"),
}  # fmt: skip


@pytest.mark.parametrize("case", SET_ASIDE)
def test_what_can_be_set_aside_is_and_the_rest_goes_on(write_cohort_files, case):
    changed, rule, reason = SET_ASIDE[case]
    found, aside = everything(write_cohort_files, {**FILES, **changed})
    mine = aside[aside["rule"] == rule]
    assert len(mine), aside[["rule", "reason"]].to_numpy().tolist()
    assert mine["reason"].str.contains(reason, regex=False).any()
    assert set(aside["rule"]) <= {rule, "unknown_patient"}  # without a clinical row the patient is unknown elsewhere
    assert len(found["clinical"].values) >= 7


READ_ALIKE = {
    "byte order mark": {"clinical.csv": b"\xef\xbb\xbf" + CLINICAL.encode()},
    "line ends of Windows": {"clinical.csv": CLINICAL.replace("\n", "\r\n")},
    "semicolons": {"clinical.csv": CLINICAL.replace(",", ";")},
    "tabs in a file called csv": {"clinical.csv": CLINICAL.replace(",", "\t")},
    "trailing separators of a spreadsheet": {"clinical.csv": CLINICAL.replace("\n", ",,\n")},
    "blank lines": {"clinical.csv": CLINICAL.replace("\n", "\n\n")},
    "comments before the header": {"m.maf": "#version 2.4\n#made by a caller\n" + MAF},
    "gzip under a plain name": {"m.maf": gzip.compress(MAF.encode())},
    "genome build in other words": {"m.maf": MAF.replace("GRCh37", "hg19", 3)},
    "columns in another order": {
        "clinical.csv": "\n".join(",".join(reversed(line.split(","))) for line in CLINICAL.strip().split("\n")) + "\n"
    },
    "samples in rows": {
        "expression.tsv": "\n".join(
            "\t".join(cells)
            for cells in zip(*[line.split("\t") for line in EXPRESSION.strip().split("\n")], strict=True)
        )
    },
    "expression with a column of Entrez numbers": {
        "expression.tsv": "\n".join(
            "\t".join([line.split("\t")[0], "Entrez_Gene_Id" if at == 0 else str(at), *line.split("\t")[1:]])
            for at, line in enumerate(EXPRESSION.strip().split("\n"))
        )
    },
}


@pytest.mark.parametrize("case", READ_ALIKE)
def test_another_way_to_write_the_same_table_gives_the_same_features(write_cohort_files, tmp_path_factory, case):
    expected, _ = everything(write_cohort_files, FILES)
    found, aside = everything(write_cohort_files, {**FILES, **READ_ALIKE[case]})
    assert aside.empty
    for name in ("clinical", "mutations", "expression"):
        pd.testing.assert_frame_equal(found[name].values, expected[name].values, check_like=True)


def test_the_corpus_is_large_enough():
    assert len(REFUSED) + len(SET_ASIDE) + len(READ_ALIKE) >= 60


def test_a_missing_value_stays_missing_and_is_not_set_aside(write_cohort_files):
    found, aside = everything(write_cohort_files, {**FILES, **replaced("clinical.csv", "P1,51", "P1,Unknown")})
    assert aside.empty
    assert np.isnan(found["clinical"].values.set_index("patient_id").loc["P1", "age"])
