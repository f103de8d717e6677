"""The final model of an endpoint as the registry holds it, and what is stored beside it for its use."""

from typing import Any

from radiogenomics.cohort.configuration import Cohort


def stored_model(home, cohort: Cohort, endpoint: str, record: dict[str, Any]) -> Any:
    """The fitted model that the record of the asset `model` names, checked before it is read."""
    from radiogenomics.fusion import TRUSTED_TYPES
    from radiogenomics.storage.models import ModelRegistry

    return ModelRegistry(home.models).load(cohort.name, endpoint, record["model_id"], TRUSTED_TYPES)


_PATIENTS_OF_A_PLACE = 5
"""With fewer patients a name, on average, a group is no hospital."""


def files_for_use(cohort: Cohort, inputs: Any, frame: Any, fitted: Any, out_of_fold: Any = None) -> dict[str, bytes]:
    """What is stored beside a model, so that it can be applied to new patients: reference, feature dictionary, state.

    Parameters
    ----------
    inputs : the value of the asset `manifest`. frame : what the model was fitted on, with `X`, `confounders`, `dictionary`.
    out_of_fold : its out-of-fold predictions; left out for a model of a time to an event.
    """
    from radiogenomics.evaluation.training_reference import training_reference
    from radiogenomics.omics import cohort_state
    from radiogenomics.prediction import use_of_model

    sites = {name: c for name, c in cohort.confounders.items() if ":" not in c.source}
    reference = training_reference(
        fitted,
        frame.X,
        _places(cohort, frame.confounders),
        out_of_fold,
        sites=sites,
        random_state=cohort.resampling.random_state,
    )
    return use_of_model(reference, frame.dictionary, cohort_state(cohort, inputs["manifest"], inputs["files"]))


def _places(cohort: Cohort, confounders: Any) -> Any:
    """Without what keeps relatives together in the folds: families are no places where a new patient would have to come from."""
    group = cohort.resampling.group
    if group not in confounders.columns or group == cohort.evaluation.site:
        return confounders
    few = confounders[group].nunique() * _PATIENTS_OF_A_PLACE > len(confounders)
    return confounders.drop(columns=group) if few else confounders
