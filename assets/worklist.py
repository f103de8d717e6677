"""Untested patients in the order in which a molecular test would find most."""

from assets.display import number, sentences, table, text
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort


def worklist_endpoint(cohort: Cohort) -> str | None:
    """The endpoint whose test the worklist orders: as declared, egfr_status, or the only one there is."""
    declared = cohort.prediction.worklist.endpoint
    if declared is not None:
        return declared
    if "egfr_status" in cohort.endpoints:
        return "egfr_status"
    return next(iter(cohort.endpoints)) if len(cohort.endpoints) == 1 else None


def worklist(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.multimodal import patient_frame
        from radiogenomics.prediction import load_model, rank_patients
        from radiogenomics.prediction.worklist import PLAIN

        rules, champion = cohort.prediction.worklist, values["promotion"]["champion"]
        predicted = values["predictions"]
        rows = predicted[predicted["kind"] == "prospective"]
        urgency = None
        if rules.urgency is not None:
            X = patient_frame(cohort, values["mdata"], endpoint)
            urgency = _feature(cohort, X, rules.urgency)
        reference = load_model(home.models, champion, cohort.name, endpoint).reference if champion else None
        ranked = rank_patients(rows, rules, urgency, reference)
        return Product(
            ranked,
            {
                "1_what_it_is_not": sentences([PLAIN]),
                "2_untested_patients": number(len(ranked)),
                "2_without_a_probability": number(int(ranked["probability"].isna().sum())),
                "3_champion": text(f"`{champion}`" if champion else "none"),
                "4_worklist": table(ranked, rows=60, columns=16),
            },
        )

    return compute


def _feature(cohort: Cohort, X, name: str):
    from radiogenomics.exceptions import ConfigurationError

    if name not in X.columns:
        raise ConfigurationError(
            f"{cohort.file}: prediction.worklist.urgency: no predictor '{name}' of this endpoint",
            rule="unknown_feature",
        )
    return X[name].rename(index=str)
