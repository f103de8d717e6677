"""The three public cohorts as they lie on disk: counts that are known, and the traps that are in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from radiogenomics.clinical import clinical_features
from radiogenomics.cohort import Cohort, Inputs, account, load_cohort, read_inputs, source_rows
from radiogenomics.endpoints import derive_labels
from radiogenomics.imaging.ready_made import imaging_table_features
from radiogenomics.multimodal import availability, confounder_table, endpoint_frame, join_cohort
from radiogenomics.omics import expression_features, mutation_features
from radiogenomics.omics.sequencing import read_sequencing

pytestmark = pytest.mark.real_data
COHORTS = Path(__file__).resolve().parents[3] / "pipelines" / "cohorts"


def opened(name: str, data: Path) -> tuple[Cohort, Inputs]:
    cohort = load_cohort(COHORTS / f"{name}.yaml", {"RADIOGENOMICS_DATA": str(data)})
    return cohort, read_inputs(cohort)


@pytest.fixture(scope="module")
def egfr(shared_data):
    return opened("nsclc_radiogenomics", shared_data)


@pytest.fixture(scope="module")
def msk(shared_data):
    return opened("nsclc_pd1_msk_2018", shared_data)


@pytest.fixture(scope="module")
def sarcoma(shared_data):
    return opened("sts_metastasis", shared_data)


def counts(labels: pd.DataFrame, endpoint: str) -> list[int]:
    mine = labels.loc[labels["endpoint"] == endpoint, "label"]
    return [int((mine == 1).sum()), int((mine == 0).sum()), int(mine.isna().sum())]


@pytest.mark.parametrize("name", ["nsclc_radiogenomics", "nsclc_pd1_msk_2018", "sts_metastasis"])
def test_every_row_of_every_source_is_used_or_set_aside(shared_data, name):
    _, inputs = opened(name, shared_data)
    sums = account(inputs)
    assert sums["balanced"].all()
    assert (sums["rows"] > 0).all()


def test_labels_have_the_published_counts_and_unknown_is_missing_not_negative(egfr, msk, sarcoma):
    assert counts(derive_labels(egfr[0], egfr[1].manifest)[0], "egfr_status") == [43, 129, 39]
    assert counts(derive_labels(msk[0], msk[1].manifest)[0], "durable_clinical_benefit") == [69, 158, 13]
    assert counts(derive_labels(sarcoma[0], sarcoma[1].manifest)[0], "lung_metastasis") == [15, 25, 0]


def test_94_patients_have_radiomics_expression_and_an_egfr_label(egfr):
    cohort, inputs = egfr
    features = {
        "radiomics": imaging_table_features(cohort, inputs.manifest, "radiomics"),
        "expression": expression_features(cohort, inputs.manifest),
        "clinical": clinical_features(cohort, inputs.manifest),
    }
    confounders = confounder_table(cohort, inputs.manifest, None, features)
    joined = join_cohort(cohort, features, derive_labels(cohort, inputs.manifest)[0], confounders)
    frame = endpoint_frame(cohort, joined, "egfr_status")
    has = availability(joined).loc[frame.X.index]
    assert len(frame.X) == 172
    assert has.sum().to_dict() == {"radiomics": 117, "expression": 101, "clinical": 172}
    complete = has.all(axis=1)
    assert (int(complete.sum()), int(frame.y[complete].sum())) == (94, 18)
    assert len(frame.excluded) == 39
    assert frame.confounders["hospital:Patient affiliation"].value_counts().sum() == 172
    assert frame.confounders["volume:original_shape_VoxelVolume"].notna().sum() == 117
    derived = ";".join(frame.dictionary["derived_from"])
    for later in (
        "EGFR mutation",
        "KRAS mutation",
        "ALK translocation",
        "Chemotherapy",
        "Recurrence",
        "Death",
        "Survival",
    ):
        assert later not in derived


def test_a_weight_that_no_adult_has_is_missing_and_recorded(egfr):
    features = clinical_features(egfr[0], egfr[1].manifest)
    weight = features.values.set_index("patient_id")["weight"]
    assert np.isnan(weight["AMC-038"])  # 49.1 in a column of pounds
    assert features.quarantine[["patient_id", "rule"]].to_numpy().tolist() == [["AMC-038", "out_of_range"]]
    assert weight.notna().sum() == 151


def test_burden_per_panel_megabase_is_the_rate_that_the_study_published(msk):
    cohort, inputs = msk
    burden = mutation_features(cohort, inputs.manifest).values.set_index("patient_id")["tumour_mutational_burden"]
    published = (
        source_rows(cohort, inputs.manifest, "clinical/sample").set_index("patient_id")["MUTATION_RATE"].astype(float)
    )
    agreeing = np.isclose(burden, published.reindex(burden.index), rtol=1e-6)
    assert agreeing.sum() >= 219  # of 240; the others differ by a variant or two
    assert np.corrcoef(burden, published.reindex(burden.index))[0, 1] > 0.999


def test_every_declared_gene_was_seen_on_the_smallest_panel(msk):
    cohort, inputs = msk
    sequencing = read_sequencing(cohort, inputs.manifest)
    smallest = set(sequencing.samples.loc[sequencing.samples["panel"] == "IMPACT341", "sample_id"])
    seen = set(sequencing.variants.loc[sequencing.variants["sample_id"].isin(smallest), "gene"])
    assert cohort.mutations is not None
    assert set(cohort.mutations.genes) <= seen


def test_egfr_status_from_variants_keeps_resistance_exon_20_and_unknown_variants_apart(shared_data, tmp_path):
    raw = yaml.safe_load((COHORTS / "nsclc_pd1_msk_2018.yaml").read_text())
    del raw["confounders"]  # some are of the other endpoint
    raw["endpoints"] = {
        "egfr_status": {"label": {"rule": "egfr_sensitising_variant"}, "modalities": ["mutations", "clinical"]}
    }
    (tmp_path / "cohort.yaml").write_text(yaml.safe_dump(raw))
    cohort = load_cohort(tmp_path / "cohort.yaml", {"RADIOGENOMICS_DATA": str(shared_data)})
    labels = derive_labels(cohort, read_inputs(cohort).manifest)[0]
    assert counts(labels, "egfr_status") == [14, 214, 12]
    by_patient = labels.set_index("patient_id")
    assert by_patient.loc["P-0002890", "label"] == 1  # exon 19 deletion beside T790M
    for patient in ("P-0007084", "P-0002965", "P-0004279", "P-0003495"):  # A13T, C1049R, exon 20 duplication, L747P
        assert pd.isna(by_patient.loc[patient, "label"])


def test_pd_l1_is_missing_for_most_and_progression_cannot_be_a_predictor(msk):
    cohort, inputs = msk
    features = clinical_features(cohort, inputs.manifest)
    assert features.values["pd_l1"].notna().sum() == 86
    assert not features.dictionary["derived_from"].str.contains("PFS").any()
    assert features.quarantine.empty


def test_forty_patients_have_three_images_with_masks(sarcoma):
    cohort, inputs = sarcoma
    for images in ("ct", "pet", "mr"):
        rows = source_rows(cohort, inputs.manifest, f"lesions/{images}", inputs.files)
        assert len(rows) == 40
        assert all(Path(p).is_file() for p in [*rows["image"], *rows["mask"]])
