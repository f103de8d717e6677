"""Medians of observation and of the time to the event, against what is known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.evaluation.observed_times import median_follow_up, median_time_to_event
from radiogenomics.evaluation.survival import kaplan_meier


def test_the_median_is_where_the_curve_falls_to_one_half() -> None:
    time, event = np.array([1.0, 2, 3, 4]), np.array([1, 1, 1, 1])
    assert median_time_to_event(time, event).estimate == 2.0
    event = np.array([1, 0, 1, 1])  # 3/4 after 1, then 3/8 after 3
    assert median_time_to_event(time, event).estimate == 3.0


def test_a_curve_that_never_falls_to_one_half_has_no_median() -> None:
    found = median_time_to_event(np.arange(1.0, 11), np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert np.isnan(found.estimate)
    assert np.isnan(found.upper)


def test_follow_up_is_not_shortened_by_early_events() -> None:
    """Half of the patients die within a month; everyone else is observed for 24 months."""
    time = np.array([*np.linspace(0.1, 1, 20), *[24.0] * 20])
    event = np.array([1] * 20 + [0] * 20)
    assert np.median(time) < 13
    assert median_follow_up(time, event).estimate == 24.0


def test_the_median_follow_up_is_near_the_one_that_was_drawn() -> None:
    rng = np.random.default_rng(1)
    death, left = rng.exponential(10, 4000), rng.exponential(20, 4000)
    found = median_follow_up(np.minimum(death, left), (death <= left).astype(int))
    assert found.lower < 20 * np.log(2) < found.upper
    assert found.estimate == pytest.approx(20 * np.log(2), rel=0.1)
    found = median_time_to_event(np.minimum(death, left), (death <= left).astype(int))
    assert found.lower < 10 * np.log(2) < found.upper


def test_the_interval_holds_the_times_at_which_the_curves_interval_covers_one_half() -> None:
    rng = np.random.default_rng(2)
    time, event = rng.exponential(10, 60).round(1), rng.integers(0, 2, 60)
    found, curve = median_time_to_event(time, event), kaplan_meier(time, event)
    assert found.lower <= found.estimate <= found.upper
    for at, bound in ((found.lower, curve.lower), (found.upper, curve.upper)):
        place = int(np.flatnonzero(curve.times == at)[0])
        assert bound[place] <= 0.5 < np.nan_to_num(bound[place - 1], nan=1.0)
