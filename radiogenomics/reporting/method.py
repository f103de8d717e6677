"""The method in words, with its sources, from what the stored tables and settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd


class Method(NamedTuple):
    """Paragraphs for a reader and the numbered references that they cite."""

    paragraphs: list[str]
    references: list[str]


class Citations:
    """Numbers of references in the order in which they are first cited: called with a key, gives its number in brackets."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._cited: list[str] = []

    def __call__(self, key: str) -> str:
        if key not in self._cited:
            self._cited.append(key)
        return f"[{self._cited.index(key) + 1}]"

    def references(self) -> list[str]:
        """What was cited, in that order."""
        return [self._known[key] for key in self._cited]


REFERENCES = {
    "nested": "Varma S, Simon R. Bias in error estimation when using cross-validation for model selection. "
    "BMC Bioinformatics 2006;7:91.",
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver "
    "operating characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845.",
    "ledell": "LeDell E, Petersen M, van der Laan M. Computationally efficient confidence intervals for cross-validated "
    "area under the ROC curve estimates. Electronic Journal of Statistics 2015;9:1583-1607.",
    "brier": "Brier GW. Verification of forecasts expressed in terms of probability. Monthly Weather Review 1950;78:1-3.",
    "calibration": "Van Calster B, McLernon DJ, van Smeden M, Wynants L, Steyerberg EW. Calibration: the Achilles heel of "
    "predictive analytics. BMC Medicine 2019;17:230.",
    "wilson": "Wilson EB. Probable inference, the law of succession, and statistical inference. Journal of the American "
    "Statistical Association 1927;22:209-212.",
    "decision": "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. Medical "
    "Decision Making 2006;26:565-574.",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
    "1979;6:65-70.",
    "shap": "Lundberg SM, Lee SI. A unified approach to interpreting model predictions. Advances in Neural Information "
    "Processing Systems 2017;30.",
    "shapley": "Shapley LS. A value for n-person games. In: Contributions to the Theory of Games II. Princeton University "
    "Press 1953:307-317.",
    "kendall": "Kendall MG, Babington Smith B. The problem of m rankings. Annals of Mathematical Statistics 1939;10:275-287.",
    "fdr": "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful approach to multiple "
    "testing. Journal of the Royal Statistical Society B 1995;57:289-300.",
    "tripod": "Collins GS, et al. TRIPOD+AI statement: updated guidance for reporting clinical prediction models that use "
    "regression or machine learning methods. BMJ 2024;385:e078378.",
}


DIRECTIONS = {
    "positive": "higher values make the event likelier",
    "negative": "higher values make it less likely",
    "unknown": "direction learned",
}


def _prespecified(settings: Mapping[str, Any]) -> list[str]:
    """The predictors that the endpoint names beforehand, each with its direction and source; nothing where it names none."""
    named = dict(settings.get("endpoint") or {}).get("prespecified") or []
    if not named:
        return []
    each = "; ".join(f"{p['feature']} ({DIRECTIONS[p['direction']]}; {p['source']})" for p in named)
    return [
        f"Predictors named beforehand, from the publications given: {each}. They alone make the model early/prespecified, a ridge "
        "logistic regression whose coefficients may not have the other sign; every fusion is asked what it adds to it."
    ]


def method_in_words(settings: Mapping[str, Any], metrics: pd.DataFrame | None) -> Method:
    """What was done, in the order in which it was done.

    Parameters
    ----------
    settings : as given to the report; outer_folds, inner_folds, repeats and random_state, themselves or under
        `resampling`, are told in words.
    metrics : by `schemas.METRICS`; its `interval_method` says how the intervals were made.
    """
    cite = Citations(REFERENCES)
    paragraphs = [
        "Labels. A label is derived by the rule named above. A patient whose label is not known is left out of training "
        "and evaluation and never counts as 'no event'. Features that derive from the source of the label, or that are "
        "recorded after the index date, are refused as predictors.",
        "Predictors. Linear models: numbers standardised and clipped at 3 standard deviations, a missing value is the training "
        "median beside an indicator that it was missing, and of each modality the features with the largest two-sample t "
        "statistic are kept. Trees: raw values, missing ones by the algorithm itself. Late fusion: the models of single "
        "modalities, combined in log-odds with equal weights ('mean'), with weights that are learned and shrunk towards equal ones "
        "('weighted'), or by a penalised logistic regression over what they say and which of them a patient lacks ('stacked'). No "
        "method against class imbalance is used.",
        *_prespecified(settings),
        f"{resampling_in_words(settings)}{_tuning(settings)} All that is learned from data (imputation, scaling, selection, tuning, weights of the "
        f"fusion) is learned inside the training part of each fold {cite('nested')}. A modality that a patient lacks is "
        "masked, not imputed as a whole; a model of one modality abstains on patients who lack it, and fusion uses what there is.",
    ]
    methods = [] if metrics is None or metrics.empty else sorted(set(metrics["interval_method"].dropna()))
    how = f" Intervals here: {'; '.join(methods)}." if methods else ""
    paragraphs += [
        f"Figures. Models are compared on the same patients and folds, within each group of patients.{how} For intervals of "
        f"an AUC and of paired differences see {cite('delong')}{cite('ledell')}; a repeat of the folds is not a new "
        f"patient. Brier score: mean squared error of the probability {cite('brier')}; calibration intercept "
        f"and slope are ideal at 0 and 1 {cite('calibration')}; shares have Wilson's interval {cite('wilson')}; net benefit "
        f"as in {cite('decision')}.",
        "Floors. A confounder floor predicts from what is not biology: hospital, scanner and protocol, lesion volume. A "
        "model that is not better than the highest floor may read the scanner, not the tumour. The clinical baseline is the "
        "best of the models that use clinical variables alone, and the floor shown first is the highest: the harder ones "
        "to beat.",
        "Verdicts are chosen by rule: 'adds' is said only where the 95 % interval of the paired difference lies above zero "
        "and the p-value holds after Holm's correction for the questions that bear on the same claim "
        f"{cite('holm')}. With small cohorts no evidence of a difference is not evidence of none.",
        f"Explanations. The declared final model is fitted anew in each outer fold and explains the patients it never saw: "
        f"SHAP values {cite('shap')} of features in log-odds, means over repeats; and for whole modalities Shapley values "
        f"{cite('shapley')} of the probability, where the value of a set of modalities is the prediction with the others absent "
        "and that of none the share of events among the training patients. Features whose rank correlations all reach the "
        f"declared threshold are ranked as one group; agreement of the folds is Kendall's W {cite('kendall')} and the mean "
        "rank correlation. They describe what models use, not causes.",
        f"Drift. New patients are compared with the training patients by two-sample Kolmogorov-Smirnov tests under a declared "
        f"false discovery rate {cite('fdr')}.",
        f"What this is not. Cross-validation inside one cohort is not external validation {cite('tripod')}. Research use "
        "only; not a medical device; not for decisions about patients.",
    ]
    return Method(paragraphs, cite.references())


def _tuning(settings: Mapping[str, Any]) -> str:
    """That the budget of tuning was declared, where the settings hold it."""
    if not settings.get("tuning"):
        return ""
    return " How many combinations of hyperparameters each model may try was fixed before and stands under the settings (tuning)."


def resampling_in_words(settings: Mapping[str, Any]) -> str:
    """The folds and repeats of the evaluation, where the settings say them."""
    given = settings.get("resampling", settings)
    if not isinstance(given, Mapping) or not {"outer_folds", "inner_folds", "repeats"} <= set(given):
        return "Evaluation. Nested, repeated, stratified cross-validation; a patient never straddles folds."
    text = (
        f"Evaluation. Nested stratified cross-validation with {given['outer_folds']} outer and {given['inner_folds']} inner "
        f"folds, repeated {given['repeats']} times"
    )
    if "random_state" in given:
        text += f" (random state {given['random_state']})"
    return text + "; a patient never straddles folds."
