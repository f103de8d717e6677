"""What the model can and cannot do, in sentences chosen by rule from the stored figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.reporting.external_validation import said_of_validation
from radiogenomics.reporting.headline import Headline, outcome, verdicts
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import interval, known, number, percent
from radiogenomics.storage.validations import StoredValidation


class ModelCard(NamedTuple):
    """Sentences for the first screen, and the limits for the end."""

    can: list[str]
    cannot: list[str]
    limits: list[str]


def model_card(
    first: Headline,
    *,
    figures: pd.DataFrame | None,
    comparisons: pd.DataFrame | None,
    subgroups: pd.DataFrame | None,
    sites: pd.DataFrame | None = None,
    stability: pd.DataFrame | None = None,
    final_model: str,
    validation: StoredValidation | None = None,
    simulated: bool = False,
) -> ModelCard:
    """Sort what is known of the final model.

    Parameters
    ----------
    first : `headline.headline`. figures, comparisons, subgroups, stability : by their schemas in `cohort.schemas`.
    sites : by `schemas.SUBGROUPS`, levels left out in turn. validation : the latest on another cohort.
    """
    can: list[str] = []
    cannot: list[str] = []
    final = first.final
    own = _own(figures, final_model, first.population)
    if final is None:
        cannot.append("Nothing is known of how well it predicts: no figures are stored.")
    else:
        if _discrimination(final, can, cannot):  # without it, nothing that follows is an ability
            _operating_point(own, can)
            _calibration(own, can, cannot)
            _benefit(own, can, cannot)
        if known(final["share_abstained"]) and final["share_abstained"] == 0:
            can.append(
                "It answers for patients who lack a modality; none of the labelled patients is left without an answer."
            )
        elif known(final["share_abstained"]):
            cannot.append(f"It does not answer for {percent(final['share_abstained'])} of the labelled patients.")
    cannot += _not_added(comparisons, first.population)
    cannot += _subgroup_gaps(subgroups, final_model)
    cannot += _sites(sites, final_model)
    cannot += _unstable(stability)
    elsewhere, not_elsewhere = said_of_validation(validation)
    can += elsewhere
    cannot += not_elsewhere
    cannot.append("It orders further testing at most; it replaces no molecular test and no clinical judgement.")
    return ModelCard(can, cannot, _limits(final, validation, simulated))


def _own(figures: pd.DataFrame | None, model: str, population: str) -> pd.DataFrame:
    if figures is None or figures.empty:
        return pd.DataFrame(columns=["figure", "at", "estimate", "lower", "upper"])
    return figures[(figures["model"] == model) & (figures["population"] == population)]


def _figure(own: pd.DataFrame, name: str) -> dict[str, Any] | None:
    rows = own[(own["figure"] == name) & own["estimate"].notna()]
    return None if rows.empty else table_rows(rows)[0]


def _discrimination(final: Mapping[str, Any], can: list[str], cannot: list[str]) -> bool:
    """Whether it is shown to rank patients better than chance."""
    bounds = interval(100 * final["auc_lower"], 100 * final["auc_upper"], 0) if known(final["auc_lower"]) else ""
    said = f"in {number(100 * final['auc'], 0)} % of pairs" + (f" (95 % CI {bounds} %)" if bounds else "")
    counted = f"{final['n']} patients, {final['events']} events"
    if known(final["auc_lower"]) and final["auc_lower"] > 0.5:
        can.append(
            f"Of two patients, one with and one without the event, it ranks the one with it higher {said}; {counted}."
        )
        return True
    cannot.append(f"It is not shown to tell patients with the event from those without: right {said}; {counted}.")
    return False


def _not_added(comparisons: pd.DataFrame | None, population: str) -> list[str]:
    rows = [row for row in verdicts(comparisons, population) if outcome(row) != "better"]
    if not rows:
        return []
    asked = "; ".join(str(row["comparison"]) for row in rows)
    return [f"It is not shown to add anything in answer to: {asked}."]


def _calibration(own: pd.DataFrame, can: list[str], cannot: list[str]) -> None:
    slope, intercept = _figure(own, "calibration_slope"), _figure(own, "calibration_intercept")
    if slope is None or intercept is None or not known(slope["lower"]) or not known(intercept["lower"]):
        return
    text = (
        f"slope {number(slope['estimate'])} ({interval(slope['lower'], slope['upper'])}, ideal 1), intercept "
        f"{number(intercept['estimate'])} ({interval(intercept['lower'], intercept['upper'])}, ideal 0)"
    )
    if slope["lower"] <= 1 <= slope["upper"] and intercept["lower"] <= 0 <= intercept["upper"]:
        can.append(f"Its probabilities are not shown to be off: {text}.")
    else:
        cannot.append(f"Its probabilities cannot be taken at face value: {text}.")


def _operating_point(own: pd.DataFrame, can: list[str]) -> None:
    for at in sorted(own.loc[own["figure"] == "target_sensitivity", "at"].dropna().unique(), reverse=True):
        here = own[own["at"] == at]
        found, spared = _figure(here, "target_sensitivity"), _figure(here, "target_specificity")
        if found is None or spared is None:
            continue
        can.append(
            f"Asked to find {percent(at)} of the events, it found {percent(found['estimate'])} "
            f"({interval(100 * found['lower'], 100 * found['upper'], 0)} %) and spared {percent(spared['estimate'])} "
            f"({interval(100 * spared['lower'], 100 * spared['upper'], 0)} %) of the others."
        )
        return


def _benefit(own: pd.DataFrame, can: list[str], cannot: list[str]) -> None:
    gains = own[(own["figure"] == "net_benefit_gain") & own["lower"].notna()]
    if gains.empty:
        return
    useful = [number(at) for at in gains.loc[gains["lower"] > 0, "at"]]
    asked = ", ".join(number(at) for at in gains["at"])
    if useful:
        can.append(
            f"Acting on it is better than acting on all or on none at a threshold of {', '.join(useful)} (asked: {asked})."
        )
    else:
        cannot.append(
            f"At none of the thresholds {asked} is acting on it shown to be better than acting on all or on none."
        )


def _subgroup_gaps(subgroups: pd.DataFrame | None, model: str) -> list[str]:
    if subgroups is None or subgroups.empty:
        return []
    own = subgroups[subgroups["model"] == model]
    said = []
    hidden = own[own["suppressed"] != ""]
    if len(hidden):
        names = "; ".join(f"{row['subgroup']} {row['level']}" for row in table_rows(hidden.head(3)))
        more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
        said.append(f"Nothing can be said of groups that are too small: {names}{more}.")
    if "observed_minus_predicted_lower" in own.columns:
        off = own[(own["observed_minus_predicted_lower"] > 0) | (own["observed_minus_predicted_upper"] < 0)]
        for row in table_rows(off.head(4)):
            way = "low" if row["observed_minus_predicted"] > 0 else "high"
            gap = interval(row["observed_minus_predicted_lower"], row["observed_minus_predicted_upper"])
            said.append(
                f"Its probabilities are too {way} for {row['subgroup']} {row['level']} (observed − predicted {gap})."
            )
    return said


def _sites(sites: pd.DataFrame | None, model: str) -> list[str]:
    if sites is None or sites.empty:
        return []
    own = sites[
        (sites["model"] == model) & sites["auc_lower"].notna() & ~sites["level"].astype(str).str.startswith("(")
    ]
    weak = own[(own["auc_lower"] <= 0.5) & own["subgroup"].astype(str).str.contains("left out", regex=False)]
    names = [f"{r['level']} ({number(r['auc'])}, {interval(r['auc_lower'], r['auc_upper'])})" for r in table_rows(weak)]
    if not names:
        return []
    return [f"It is not shown to work in a hospital that it has not seen: {'; '.join(names[:4])}."]


def _unstable(stability: pd.DataFrame | None) -> list[str]:
    if stability is None or stability.empty:
        return []
    own = stability[(stability["what"] == "groups of features") & (stability["between"] == "outer folds")]
    weak = own[own["verdict"].str.startswith("weak")]
    if weak.empty:
        return []
    row = table_rows(weak)[0]
    return [
        f"Its reasons are not to be relied on feature by feature: models of other folds rank them otherwise (mean rank "
        f"correlation {number(row['estimate'])}{_bounds(row)})."
    ]


def _bounds(row: Mapping[str, Any]) -> str:
    bounds = interval(row["lower"], row["upper"])
    return f", {bounds}" if bounds else ""


def _limits(final: Mapping[str, Any] | None, validation: StoredValidation | None, simulated: bool) -> list[str]:
    which = "All figures" if validation is None else "All figures but those of the validation"
    limits = [f"{which} are of cross-validation inside one cohort: of the recipe, not of the one stored model."]
    if final is not None:
        few = int(min(final["events"], final["n"] - final["events"]))
        limits.append(
            f"{final['n']} patients, {few} of the rarer outcome: intervals are wide, and a figure without its interval says "
            "nothing."
        )
    limits += [
        "Intervals of the calibration slope and of net benefit are too narrow where a model is weak.",
        "A model that is no better than the highest floor may read the hospital or the scanner, not the tumour.",
        "Explanations describe what the models use; they are no causes.",
        "Who was excluded, and who has which modality, may differ from the patients it would be used for.",
    ]
    return ["The data are simulated: nothing here holds for patients.", *limits] if simulated else limits
