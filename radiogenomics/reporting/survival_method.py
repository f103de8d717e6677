"""The method of a survival endpoint in words, with its sources, from what the stored tables and settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiogenomics.reporting.method import REFERENCES, Citations, Method, resampling_in_words

SURVIVAL_REFERENCES = {
    **{key: REFERENCES[key] for key in ("nested", "holm", "tripod")},
    "cox": "Cox DR. Regression models and life-tables. Journal of the Royal Statistical Society B 1972;34:187-220.",
    "efron": "Efron B. The efficiency of Cox's likelihood function for censored data. Journal of the American Statistical "
    "Association 1977;72:557-565.",
    "net": "Simon N, Friedman J, Hastie T, Tibshirani R. Regularization paths for Cox's proportional hazards model via "
    "coordinate descent. Journal of Statistical Software 2011;39(5):1-13.",
    "partial": "Verweij PJM, van Houwelingen HC. Cross-validation in survival analysis. Statistics in Medicine "
    "1993;12:2305-2314.",
    "breslow": "Breslow N. Covariance analysis of censored survival data. Biometrics 1974;30:89-99.",
    "harrell": "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models: issues in developing models, evaluating "
    "assumptions and adequacy, and measuring and reducing errors. Statistics in Medicine 1996;15:361-387.",
    "pencina": "Pencina MJ, D'Agostino RB. Overall C as a measure of discrimination in survival analysis: model specific "
    "population value and confidence interval estimation. Statistics in Medicine 2004;23:2109-2123.",
    "uno_c": "Uno H, Cai T, Pencina MJ, D'Agostino RB, Wei LJ. On the C-statistics for evaluating overall adequacy of risk "
    "prediction procedures with censored survival data. Statistics in Medicine 2011;30:1105-1117.",
    "uno_auc": "Uno H, Cai T, Tian L, Wei LJ. Evaluating prediction rules for t-year survivors with censored regression "
    "models. Journal of the American Statistical Association 2007;102:527-537.",
    "graf": "Graf E, Schmoor C, Sauerbrei W, Schumacher M. Assessment and comparison of prognostic classification schemes "
    "for survival data. Statistics in Medicine 1999;18:2529-2545.",
    "jackknife": "Efron B, Stein C. The jackknife estimate of variance. Annals of Statistics 1981;9:586-596.",
    "overlap": "Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning 2003;52:239-281.",
    "kaplan": "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. Journal of the American "
    "Statistical Association 1958;53:457-481.",
    "follow_up": "Schemper M, Smith TL. A note on quantifying follow-up in studies of failure time. Controlled Clinical "
    "Trials 1996;17:343-346.",
    "median": "Brookmeyer R, Crowley J. A confidence interval for the median survival time. Biometrics 1982;38:29-41.",
}


def survival_method_in_words(settings: Mapping[str, Any], metrics: pd.DataFrame | None) -> Method:
    """What was done, in the order in which it was done.

    Parameters
    ----------
    settings : as given to the report; outer_folds, inner_folds, repeats, random_state and group, themselves or under
        `resampling`, are told in words.
    metrics : by `schemas.SURVIVAL_METRICS`; its `interval_method` says how the intervals were made.
    """
    cite = Citations(SURVIVAL_REFERENCES)
    methods = [] if metrics is None or metrics.empty else sorted(set(metrics["interval_method"].dropna()))
    how = f" As stored: {'; '.join(methods)}." if methods else ""
    paragraphs = [
        "Times. Each patient has a time in months since the index date and whether the event was seen at it; a patient without "
        "the event is censored there, and counts as observed until then and no longer. A patient whose time is not known is "
        "left out of training and evaluation. Columns of any follow-up, and what derives from the outcome, are refused as "
        f"predictors. Follow-up is the median by the reverse Kaplan-Meier estimate {cite('follow_up')}: in it censoring "
        "is the event and the event is censoring. The interval of a median is where that of the curve covers "
        f"one half {cite('median')}.",
        f"Models. Cox regression {cite('cox')} with an elastic net {cite('net')}, ties by Efron's likelihood {cite('efron')}: "
        "on each modality alone, and on all together ('early'). Numbers (of skewed ones the logarithm) are "
        "standardised and clipped at 3 standard deviations, a missing value is the training median beside an indicator that "
        "it was missing, and of each modality the features most associated with the martingale residual are kept. Number of features and penalty are those with the highest "
        f"cross-validated partial likelihood {cite('partial')}. Late fusion: the log hazards of the single modalities, "
        "combined with equal weights ('mean') or with weights that are learned and shrunk towards equal ones ('weighted'), on "
        "inner predictions for patients that the members had not seen. Chances of no event come from Breslow's baseline "
        f"hazard {cite('breslow')}.",
        f"{resampling_in_words(settings)}{_strata(settings)} All that is learned from data (imputation, scaling, selection, "
        f"tuning, weights of the fusion, baseline hazard) is learned inside the training part of each fold {cite('nested')}. A "
        "modality that a patient lacks is masked, not imputed as a whole; a model of one modality abstains on patients who "
        "lack it, and fusion uses what there is.",
        f"Figures. Harrell's C {cite('harrell')} is the share of pairs of patients, of whom it is known who had the event "
        "first, that the predicted risks put in this order; 0.5 is chance. Two patients are compared only where one model "
        f"predicted both: within a fold. Uno's C {cite('uno_c')} and the time-dependent AUC {cite('uno_auc')} weight events by "
        "the inverse of the chance of not being censored before (Kaplan-Meier), so that they do not depend on how patients "
        "left; Uno's C counts events until a tenth of the patients is still observed. The Brier score, weighted likewise "
        f"{cite('graf')}, is the mean squared error of the predicted chance of no event, averaged over the months from the "
        "first event to that time; lower is better, and the gain is over one curve that is the same for everyone.",
        f"Intervals. The variance of each figure is the jackknife's over patients {cite('jackknife')}{cite('pencina')}, each "
        "left out once with the estimate of the censoring made anew; it is taken within each repeat of the folds, averaged "
        "over repeats (a repeat is not a new patient), and multiplied by K / (K - 1) for training sets that overlap between K "
        f"folds {cite('overlap')}. Quantiles are Student's with as many degrees of freedom as events less one; intervals of "
        "concordances and of the time-dependent AUC are symmetric on the logit scale, those of Brier scores and of "
        "differences on their own. With fewer than three events no interval is given." + how,
        f"Curves. Observed courses are Kaplan and Meier's {cite('kaplan')} with intervals on the log(-log) scale. A patient's "
        "risk group is by the percentile of the predicted risk among the training patients of the models that had not seen "
        "this patient.",
        "Floors. A confounder floor is a Cox regression on what is not biology: hospital, scanner and protocol, lesion volume. "
        "A model that is not better than the highest floor may read the scanner, not the tumour. The clinical baseline is the "
        "best of the models that use clinical variables alone, and the floor shown first is the highest: the harder ones to "
        "beat. 'floor/same_for_everyone' knows no predictor and orders nobody; it is there for the Brier score.",
        "Verdicts are chosen by rule: 'adds' is said only where the 95 % interval of the paired difference in Harrell's C lies "
        "above zero and the p-value holds after Holm's correction for the questions that bear on the same claim "
        f"{cite('holm')}. With few events no evidence of a difference is not evidence of none.",
        f"What this is not. Cross-validation inside one cohort is not external validation {cite('tripod')}. Research use "
        "only; not a medical device; not for decisions about patients.",
    ]
    return Method(paragraphs, cite.references())


def _strata(settings: Mapping[str, Any]) -> str:
    """How patients come into folds, beside their number."""
    given = settings.get("resampling", settings)
    group = given.get("group") if isinstance(given, Mapping) else None
    kept = f" Patients who share {group} stay in one outer fold." if group and group != "patient_id" else ""
    return (
        " Strata are patients with the event and without; where hardly anybody is censored, times above the median and below."
        f"{kept}"
    )
