"""One small rule for each question of the checklists: met only where the run itself, or a declared statement, shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from radiogenomics.reporting.checklists.evidence import MET, NOT_APPLICABLE, PARTLY, UNMET, Evidence, Found
from radiogenomics.reporting.wording import shorten

Rule = Callable[[Evidence], Found]
STATEMENT = "statement:"


def statement(field: str) -> Rule:
    """Met where the authors declared something under `statements.<field>`."""

    def rule(evidence: Evidence) -> Found:
        said = getattr(evidence.cohort.statements, field)
        if said:
            return Found(MET, f"declared: {shorten(said, 60)}", f"statement-{field}")
        return Found(UNMET, f"not declared (statements.{field})")

    return rule


def authors(evidence: Evidence) -> Found:
    return Found(UNMET, "for the authors of a paper; no part of a run")


# ------------------------------------------------------------------------------------------- what the page itself says
def title(evidence: Evidence) -> Found:
    if evidence.cohort.title and evidence.cohort.endpoints[evidence.endpoint].description:
        return Found(MET, "head of this page", "top")
    return Found(PARTLY, "no title of the cohort or no description of the endpoint is declared", "top")


def title_radiomic(evidence: Evidence) -> Found:
    return Found(PARTLY, "the page names modalities, not the radiomic method, in its head", "top")


def summary(evidence: Evidence) -> Found:
    return Found(PARTLY, "the first screen sums up; it is no structured abstract", "top")


def objectives(evidence: Evidence) -> Found:
    if evidence.cohort.endpoints[evidence.endpoint].description:
        beside = ", internal and external" if external_testing(evidence).status == MET else " and internal"
        return Found(MET, f"development{beside} evaluation; the endpoint is described", "about")
    return Found(PARTLY, "the endpoint has no description", "top")


def checklists(evidence: Evidence) -> Found:
    return Found(MET, "TRIPOD+AI, CLEAR and METRICS are filled on this page", "checklists")


def pipeline(evidence: Evidence) -> Found:
    return Found(PARTLY, "told in words; the graph of the steps is in the RO-Crate beside this page", "method")


# --------------------------------------------------------------------------------------------- patients, data, outcome
def data_source(evidence: Evidence) -> Found:
    if not evidence.has("account"):
        return Found(UNMET, "no account of the inputs is stored")
    if evidence.cohort.source_url:
        return Found(MET, "each file with its rows, and where it comes from", "inputs")
    return Found(PARTLY, "each file with its rows; source_url is not declared", "inputs")


def data_availability(evidence: Evidence) -> Found:
    if evidence.cohort.statements.data_sharing:
        return statement("data_sharing")(evidence)
    if evidence.cohort.source_url and evidence.cohort.licence:
        return Found(
            PARTLY, "source and licence are declared; nothing is said of images, contours and features", "inputs"
        )
    return Found(UNMET, "not declared (statements.data_sharing)")


def quality_checks(evidence: Evidence) -> Found:
    if "quarantine" not in evidence.tables:
        return Found(UNMET, "no quarantine is stored")
    return Found(PARTLY, "each input row is used or set aside with its reason; not told apart by group", "inputs")


def outcome_defined(evidence: Evidence) -> Found:
    if not evidence.has("labels"):
        return Found(UNMET, "no labels are stored")
    if evidence.cohort.endpoints[evidence.endpoint].description:
        return Found(MET, "rule with version and reason of each label", "labels")
    return Found(PARTLY, "rule with version and reason; the endpoint has no description", "labels")


def flow(evidence: Evidence) -> Found:
    if evidence.has("labels", "out_of_fold"):
        return Found(MET, "counts and reasons at each step", "flow")
    return Found(UNMET, "labels or predictions are not stored")


def characteristics(evidence: Evidence) -> Found:
    if evidence.has("characteristics"):
        return Found(MET, "clinical variables by outcome, with missing values", "characteristics")
    return Found(UNMET, "no clinical variables predict this endpoint")


def counts(evidence: Evidence) -> Found:
    return _if(evidence.has("metrics"), "n and events beside every figure", "results", "no figures are stored")


def several_sites(evidence: Evidence) -> Found:
    if evidence.has("sites"):
        return Found(MET, "hospitals are told apart and left out in turn", "sites")
    return Found(UNMET, "no hospital is declared (evaluation.site)")


# ------------------------------------------------------------------------------------------------ predictors, features
def predictor_choice(evidence: Evidence) -> Found:
    if "refused" in evidence.tables:
        return Found(
            MET, "declared modalities less what the leakage guard refuses; preselection inside the folds", "labels"
        )
    return Found(PARTLY, "declared modalities; what the leakage guard refused is not stored", "method")


def predictors_defined(evidence: Evidence) -> Found:
    if evidence.has("dictionary"):
        return Found(MET, "unit and meaning of each feature that counts", "explanations")
    return Found(UNMET, "no dictionary of features is stored")


def predictor_handling(evidence: Evidence) -> Found:
    return _ran(evidence, "form, scaling and missing values by kind of model", "method")


def missing_data(evidence: Evidence) -> Found:
    shown = evidence.has("missingness")
    return _if(
        shown, "shares by modality; masked, not imputed in silence", "missingness", "missing values are not counted"
    )


def missing_input(evidence: Evidence) -> Found:
    return _ran(evidence, "absent modalities are masked; with none the model abstains and says so", "method")


def feature_number(evidence: Evidence) -> Found:
    shown = evidence.has("missingness")
    return _if(shown, "number of features of each modality", "missingness", "features are not counted")


def feature_classes(evidence: Evidence) -> Found:
    if evidence.has("dictionary"):
        return Found(MET, "family of each feature that counts", "explanations")
    return Found(UNMET, "no dictionary of features is stored")


def image_settings(evidence: Evidence) -> Found:
    extracted, ready = evidence.extracted_images(), evidence.ready_made()
    if extracted and not ready:
        return Found(MET, "every setting of image processing, defaults too", "repeat")
    if extracted:
        return Found(PARTLY, f"known for {', '.join(extracted)}; {', '.join(ready)} came ready-made", "repeat")
    if ready:
        return Found(UNMET, f"{', '.join(ready)} came ready-made: how the images were processed is not known")
    return Found(NOT_APPLICABLE, "no images")


def extraction_software(evidence: Evidence) -> Found:
    standards = sorted({i.radiomics.standard for i in evidence.extracted_images().values() if i.radiomics is not None})
    if not standards:
        return (
            Found(UNMET, "features came ready-made") if evidence.ready_made() else Found(NOT_APPLICABLE, "no radiomics")
        )
    if standards == ["ibsi"]:
        return Found(MET, "features by the IBSI's definitions, tested against its reference values", "repeat")
    return Found(MET, f"{', '.join(standards)}, with versions", "repeat")


def robust_features(evidence: Evidence) -> Found:
    if evidence.has("robustness"):
        return Found(MET, "features under changed contours and images", "robustness")
    return Found(UNMET, "no second contour and no perturbation was looked at in this run")


def redundancy(evidence: Evidence) -> Found:
    if evidence.has("importance"):
        return Found(MET, "selection inside the folds; correlated features are ranked as groups", "explanations")
    return Found(PARTLY, "selection inside the folds", "method")


# ------------------------------------------------------------------------------------------------------ models, figures
def sample_size(evidence: Evidence) -> Found:
    return _if(bool(evidence.sample_size), "criteria of Riley et al.", "sample-size", "no criteria are stored")


def sample_size_enough(evidence: Evidence) -> Found:
    if not evidence.sample_size:
        return Found(UNMET, "no criteria are stored")
    return Found(PARTLY, "stated beside the criteria; whether it suffices is for the reader", "sample-size")


def partitioning(evidence: Evidence) -> Found:
    if not evidence.has("out_of_fold"):
        return Found(UNMET, "no out-of-fold predictions are stored")
    locked = " and a locked test" if evidence.cohort.evaluation.locked_test else ""
    return Found(MET, f"nested cross-validation by patient{locked}; all that is learned is learned inside", "method")


def model_building(evidence: Evidence) -> Found:
    return _ran(evidence, "kinds of models, tuning and seeds", "method")


def model_choice(evidence: Evidence) -> Found:
    return _ran(evidence, f"{evidence.final_model} was declared before any result", "top")


def confounders(evidence: Evidence) -> Found:
    if not evidence.cohort.confounders:
        return Found(UNMET, "no confounder is declared")
    if evidence.has("metrics"):
        models = evidence.tables["metrics"].query("role == 'floor'")["model"]
        floors = sorted({str(model).removeprefix("floor/") for model in models})
        if floors:
            return Found(MET, f"floors: {', '.join(floors)}", "results")
    return Found(PARTLY, "confounders are declared; no floor is stored")


def heterogeneity(evidence: Evidence) -> Found:
    return _if(evidence.has("sites"), "each hospital left out", "sites", "no hospital is declared (evaluation.site)")


def measures(evidence: Evidence) -> Found:
    if evidence.has("metrics", "figures"):
        return Found(MET, "discrimination, calibration, operating points and net benefit", "results")
    return (
        Found(PARTLY, "no operating points are stored", "results") if evidence.has("metrics") else Found(UNMET, "none")
    )


def performance(evidence: Evidence) -> Found:
    own = evidence.rows_of_final("metrics")
    if own.empty:
        return Found(UNMET, "no figures of the final model are stored")
    if own["auc_lower"].notna().any():
        return Found(MET, "each figure with n, events and 95 % interval", "results")
    return Found(PARTLY, "figures without intervals: too few patients", "results")


def calibration(evidence: Evidence) -> Found:
    known = evidence.has("metrics") and evidence.rows_of_final("metrics")["calibration_slope"].notna().any()
    return _if(bool(known), "intercept, slope and curve", "curves", "no calibration is stored")


def subgroup_figures(evidence: Evidence) -> Found:
    own = evidence.rows_of_final("subgroups")
    return _if(not own.empty, "by declared subgroup", "subgroups", "no subgroups are stored")


def comparison(evidence: Evidence) -> Found:
    known = evidence.has("comparisons")
    return _if(known, "paired differences, corrected for how many are asked", "added", "no comparison is stored")


def non_radiomic(evidence: Evidence) -> Found:
    if not evidence.has("comparisons"):
        return Found(UNMET, "no comparison is stored")
    asked = evidence.tables["comparisons"]["comparison"].str.startswith("imaging over")
    return _if(bool(asked.any()), "with and without imaging, on the same patients", "added", "imaging is not compared")


def simple_models(evidence: Evidence) -> Found:
    if not evidence.has("metrics"):
        return Found(UNMET, "no figures are stored")
    simple = evidence.tables["metrics"]["model"].str.startswith(("floor/", "clinical/"))
    return _if(bool(simple.any()), "clinical baseline and floors, logistic", "results", "no simple model is stored")


def single_imaging(evidence: Evidence) -> Found:
    kinds = len(evidence.extracted_images()) + len(evidence.ready_made())
    if kinds == 1:
        return Found(MET, "one kind of imaging", "flow")
    return Found(PARTLY, f"{kinds} kinds of imaging, each with models of its own in the table", "results")


def internal_testing(evidence: Evidence) -> Found:
    if evidence.cohort.evaluation.locked_test is not None:
        return Found(
            PARTLY, "a locked test is set aside; its figures are given by `radiogenomics locked-test`", "method"
        )
    return Found(PARTLY, "nested cross-validation; no patients were set aside as a test", "method")


def external_testing(evidence: Evidence) -> Found:
    stored = evidence.validation
    if stored is None:
        return Found(UNMET, "no validation of this model on another cohort is stored")
    if not stored.external:
        return Found(UNMET, stored.why_not_external, "validation")
    return Found(MET, f"figures on another cohort: {shorten(stored.title, 60)}", "validation")


def testing_technique(evidence: Evidence) -> Found:
    if external_testing(evidence).status == MET:
        return Found(MET, "nested cross-validation, and another cohort", "validation")
    return internal_testing(evidence)


def updating(evidence: Evidence) -> Found:
    return Found(NOT_APPLICABLE, "no model was updated")


def calculation(evidence: Evidence) -> Found:
    if evidence.model_id:
        return Found(MET, f"by the stored models; final model {evidence.model_id}", "repeat")
    return Found(PARTLY, "out of fold; no final model is stored", "repeat")


def specification(evidence: Evidence) -> Found:
    if not evidence.model_id:
        return Found(UNMET, "no final model is stored")
    if evidence.cohort.statements.model_sharing:
        return Found(MET, f"stored as {evidence.model_id}, and where it can be had", "statement-model_sharing")
    return Found(PARTLY, f"stored as {evidence.model_id}; not declared where it can be had", "repeat")


def imbalance(evidence: Evidence) -> Found:
    return _ran(evidence, "no method against imbalance is used; folds are stratified by outcome", "method")


def fairness(evidence: Evidence) -> Found:
    said, shown = bool(evidence.cohort.statements.inequalities), not evidence.rows_of_final("subgroups").empty
    if said and shown:
        return Found(MET, "figures by subgroup, and what is declared", "subgroups")
    if shown:
        return Found(PARTLY, "figures by subgroup; nothing is declared (statements.inequalities)", "subgroups")
    return statement("inequalities")(evidence) if said else Found(UNMET, "no subgroups, nothing declared")


def output(evidence: Evidence) -> Found:
    if evidence.has("figures"):
        return Found(MET, "a probability; figures at declared thresholds", "scrutiny")
    return Found(PARTLY, "a probability; no figures at thresholds are stored", "method")


def differences(evidence: Evidence) -> Found:
    if external_testing(evidence).status == MET:
        return Found(
            PARTLY, "what the other cohort lacks is named; setting and eligibility are not compared", "validation"
        )
    return Found(NOT_APPLICABLE, "no evaluation on data of another source")


def compared_data(evidence: Evidence) -> Found:
    if evidence.has("drift") and evidence.tables["drift"]["p_value"].notna().any():
        return Found(MET, "new patients beside the training patients", "drift")
    return Found(NOT_APPLICABLE, "no data beside those of the development")


def explained(evidence: Evidence) -> Found:
    if not evidence.has("explanations"):
        return Found(UNMET, "no explanations are stored")
    if evidence.has("stability"):
        return Found(MET, "out of fold, with the agreement of the folds", "explanations")
    return Found(PARTLY, "without the agreement of the folds", "explanations")


def interpretation(evidence: Evidence) -> Found:
    return Found(PARTLY, "a verdict by rule and what the model can and cannot do; no discussion", "top")


def limitations(evidence: Evidence) -> Found:
    return Found(MET, "limits of this run", "limits")


# ------------------------------------------------------------------------------------------------ conditions of METRICS
def imaging(evidence: Evidence) -> bool:
    """Whether images, or tables made from images, predict this endpoint."""
    return bool(evidence.extracted_images() or evidence.ready_made())


def images_here(evidence: Evidence) -> bool:
    """Whether lesions are outlined in this study: radiomics needs outlines, ready-made tables had theirs."""
    return imaging(evidence)


def automated_segmentation(evidence: Evidence) -> bool:
    """Contours come from people here; nothing is outlined by the pipeline."""
    return False


def handcrafted(evidence: Evidence) -> bool:
    """Whether radiomic features are extracted."""
    return any(images.radiomics is not None for images in evidence.extracted_images().values()) or bool(
        evidence.ready_made()
    )


def tabular(evidence: Evidence) -> bool:
    """Features always stand in tables before they are modelled."""
    return imaging(evidence)


def end_to_end(evidence: Evidence) -> bool:
    """The encoder is fixed: nothing is learned from image to prediction."""
    return False


CONDITIONS: dict[str, Callable[[Evidence], bool]] = {
    function.__name__: function
    for function in (imaging, images_here, automated_segmentation, handcrafted, tabular, end_to_end)
}

RULES: dict[str, Rule] = {
    function.__name__: function
    for function in (
        authors, calculation, calibration, characteristics, checklists, compared_data, comparison, confounders, counts,
        data_availability, data_source, differences, explained, external_testing, extraction_software, fairness,
        feature_classes, feature_number, flow, heterogeneity, imbalance, image_settings, internal_testing, interpretation,
        limitations, measures, missing_data, missing_input, model_building, model_choice, non_radiomic, objectives,
        outcome_defined, output, partitioning, performance, pipeline, predictor_choice, predictor_handling,
        predictors_defined, quality_checks, redundancy, robust_features, sample_size, sample_size_enough, several_sites,
        simple_models, single_imaging, specification, subgroup_figures, summary, testing_technique, title,
        title_radiomic, updating,
    )
}  # fmt: skip


def rule_of(name: str) -> Rule:
    """The rule of that name; `statement:<field>` asks for a declared statement."""
    return statement(name.removeprefix(STATEMENT)) if name.startswith(STATEMENT) else RULES[name]


def _if(holds: bool, note: str, link: str, otherwise: str) -> Found:
    return Found(MET, note, link) if holds else Found(UNMET, otherwise)


def _ran(evidence: Evidence, note: str, link: str) -> Found:
    """What holds of every run of this pipeline, once there is one."""
    return _if(evidence.has("metrics"), note, link, "no evaluation is stored")


def combined(found: list[Found]) -> Found:
    """Several rules of one item: met where all are, unmet where none is met in part, else partly; the link of the best."""
    asked: list[Any] = [one for one in found if one.status != NOT_APPLICABLE]
    if not asked:
        return found[0]
    statuses = {one.status for one in asked}
    status = statuses.pop() if len(statuses) == 1 else PARTLY
    order = {MET: 0, PARTLY: 1, UNMET: 2}
    best = min(asked, key=lambda one: order[one.status])
    return Found(status, "; ".join(dict.fromkeys(one.note for one in asked)), best.link)
