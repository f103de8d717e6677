"""The public cohorts' tables: burden, fraction of genome altered, durable clinical benefit and EGFR variants as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort import load_cohort, read_inputs, source_rows
from radiogenomics.cohort.starting_file import starting_file
from radiogenomics.endpoints import derive_survival, label_agreement
from radiogenomics.endpoints.egfr import egfr_variants
from radiogenomics.omics import expression_features, mutation_features
from radiogenomics.omics.burden import burden_agreement
from radiogenomics.omics.sequencing import read_sequencing

pytestmark = pytest.mark.real_data
COHORTS = Path(__file__).resolve().parents[3] / "pipelines" / "cohorts"


@pytest.fixture(scope="module")
def msk(shared_data):
    cohort = load_cohort(COHORTS / "nsclc_pd1_msk_2018.yaml", {"RADIOGENOMICS_DATA": str(shared_data)})
    return cohort, read_inputs(cohort)


def test_burden_follows_the_studys_own_on_every_panel(msk):
    cohort, inputs = msk
    found = burden_agreement(cohort, inputs.manifest).set_index("panel")
    assert found["samples"].to_dict() == {"IMPACT341": 56, "IMPACT410": 164, "IMPACT468": 20}
    assert (found["pearson"] > 0.996).all()
    assert (found.loc[["IMPACT341", "IMPACT410"], "pearson"] > 0.999).all()
    assert found["slope"].between(0.98, 1.01).all()


def test_fraction_of_genome_altered_is_the_studys_own(msk):
    cohort, inputs = msk
    ours = mutation_features(cohort, inputs.manifest).values.set_index("patient_id")["fraction_genome_altered"]
    theirs = source_rows(cohort, inputs.manifest, "clinical/sample").set_index("patient_id")["FGA"].astype(float)
    assert np.corrcoef(ours, theirs.reindex(ours.index))[0, 1] > 0.9995
    assert (ours - theirs.reindex(ours.index)).abs().max() < 0.0051  # the study rounds to two digits


def test_durable_clinical_benefit_from_time_and_event_agrees_with_the_study_for_all_240_patients(msk):
    cohort, inputs = msk
    agreement = label_agreement(cohort, inputs.manifest, "durable_clinical_benefit")
    assert len(agreement) == 240
    assert agreement["agree"].all()
    survival, aside = derive_survival(cohort, inputs.manifest)
    assert (len(survival), int(survival["event"].sum())) == (240, 198)
    assert aside.empty


def test_each_egfr_variant_of_the_study_has_its_class(msk):
    cohort, inputs = msk
    variants = egfr_variants(read_sequencing(cohort, inputs.manifest))
    counts = variants["class"].value_counts().to_dict()
    assert counts == {"sensitising": 14, "uncertain": 11, "exon_20_insertion": 5, "resistance": 3}
    by_change = variants.groupby("protein_change")["class"].first()
    assert by_change["p.A13T"] == by_change["p.C1049R"] == by_change["p.L747P"] == "uncertain"
    assert by_change["p.S752_I759del"] == by_change["p.L747_A750delinsP"] == by_change["p.G719A"] == "sensitising"
    assert by_change["p.D770_N771insY"] == by_change["p.H773dup"] == "exon_20_insertion"


def test_a_gene_that_became_a_date_in_the_published_expression_is_set_aside(shared_data):
    cohort = load_cohort(COHORTS / "nsclc_radiogenomics.yaml", {"RADIOGENOMICS_DATA": str(shared_data)})
    aside = expression_features(cohort, read_inputs(cohort).manifest).quarantine
    assert aside[["row", "rule"]].to_numpy().tolist() == [[475, "gene_turned_date"]]
    survival, _ = derive_survival(cohort, read_inputs(cohort).manifest)
    assert survival["event"].notna().all()


@pytest.mark.parametrize("name", ["nsclc_radiogenomics", "nsclc_pd1_msk_2018"])
def test_a_starting_file_for_a_real_folder_is_valid_and_finds_endpoint_and_sources(shared_data, tmp_path, name):
    text = starting_file(shared_data / name, name)
    (tmp_path / "cohort.yaml").write_text(text.replace("root: .", f"root: {shared_data / name}", 1))
    cohort = load_cohort(tmp_path / "cohort.yaml")
    assert text.count("CONFIRM") > 10
    if name == "nsclc_radiogenomics":
        assert cohort.expression is not None
        assert cohort.expression.scale == "z_score"
        assert "egfr_mutation_status" in cohort.endpoints
        assert "radiomics" in cohort.imaging_tables
        columns = {v.column for v in cohort.clinical.variables.values()}
        assert not columns & {
            "EGFR mutation status",
            "Recurrence",
            "Survival Status",
            "Time to Death (days)",
            "Chemotherapy",
        }
    else:
        assert cohort.mutations is not None
        assert cohort.mutations.segments == "data_cna_hg19.seg"
        assert {"durable_clinical_benefit"} <= set(cohort.endpoints)
        assert list(cohort.survival) == ["pfs_months"]
    inputs = read_inputs(cohort)
    assert isinstance(inputs.manifest, pd.DataFrame)
    assert inputs.manifest["patient_id"].nunique() > 200
