"""How long patients were observed, and how long they went without the event: medians with their intervals.

References
----------
.. [1] Schemper, Smith: A note on quantifying follow-up in studies of failure time, Control. Clin. Trials 1996.
.. [2] Brookmeyer, Crowley: A confidence interval for the median survival time, Biometrics 1982.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.evaluation.concordance import Interval
from radiogenomics.evaluation.survival import Curve, kaplan_meier


def median_time_to_event(time: np.ndarray, event: np.ndarray) -> Interval:
    """The time from which on half of the patients, or fewer, are without the event, by Kaplan and Meier.

    The interval holds the times at which the 95 % interval of the curve (log-log) covers one half [2]_. What the curve does not
    reach is NaN.

    Parameters
    ----------
    time : (n,), any unit. event : (n,), 1 where it was seen, 0 where the patient was censored.
    """
    curve = kaplan_meier(time, event)
    return Interval(*(_falls_to_half(curve, values) for values in (curve.survival, curve.lower, curve.upper)))


def median_follow_up(time: np.ndarray, event: np.ndarray) -> Interval:
    """How long patients were observed, by the reverse Kaplan-Meier estimate [1]_: an event ends an observation early.

    The median of the times themselves would count a patient with an early event as one who was observed for a short time.
    Parameters and interval are as for `median_time_to_event`.
    """
    return median_time_to_event(time, 1 - np.asarray(event).astype(int))


def _falls_to_half(curve: Curve, values: np.ndarray) -> float:
    """The first time at which `values` are one half or less. Where the curve is 0 its bounds are not known, and are 0 too."""
    reached = np.where(curve.survival == 0, 0.0, values) <= 0.5 + 1e-9
    return float(curve.times[np.argmax(reached)]) if reached.any() else float("nan")
