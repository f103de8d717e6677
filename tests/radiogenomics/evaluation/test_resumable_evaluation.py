"""A killed evaluation computes only what is missing, and comes to the same figures to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.evaluation import evaluate, fold_cache
from radiogenomics.evaluation.study.pipeline import simulated_tables
from radiogenomics.storage.feature_cache import FeatureCache

LIGHT = Models(unimodal=("elastic_net",), fusion=("late/weighted",))
FEW = Resampling(outer_folds=3, inner_folds=2, repeats=1)


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    X, y, hospital = simulated_tables(1, patients=60)
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan  # so that abstentions are kept too
    return X, y, hospital


@pytest.fixture(scope="module")
def kept(tables, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("folds")
    return evaluate(*tables, models=LIGHT, resampling=FEW, cache=FeatureCache(folder)), folder


def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The folds that are really computed from now on."""
    done: list[int] = []
    real = fold_cache.CLASSIFIERS

    def count(part, task):
        done.append(part.fold)
        return real.predict(part, task)

    monkeypatch.setattr(fold_cache, "CLASSIFIERS", real._replace(predict=count))
    return done


def test_kept_folds_are_found_again_and_equal_a_run_without_them_to_the_bit(
    tables, kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, folder = kept
    plain = evaluate(*tables, models=LIGHT, resampling=FEW)
    done = computed(monkeypatch)
    again = evaluate(*tables, models=LIGHT, resampling=FEW, cache=FeatureCache(folder))
    assert done == []
    for one, two, three in zip(first, plain, again, strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
        pd.testing.assert_frame_equal(one, three, check_exact=True)


def test_only_the_lost_fold_is_computed_again(tables, kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, folder = kept
    entries = sorted(folder.rglob("*.json"))
    assert len(entries) == 3
    lost = entries[0].read_bytes()
    entries[0].unlink()
    done = computed(monkeypatch)
    again = evaluate(*tables, models=LIGHT, resampling=FEW, cache=FeatureCache(folder))
    assert len(done) == 1
    pd.testing.assert_frame_equal(first.out_of_fold, again.out_of_fold, check_exact=True)
    assert entries[0].read_bytes() == lost


def test_another_label_value_or_setting_is_another_entry(tables, kept, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, hospital = tables
    _, folder = kept
    done = computed(monkeypatch)
    changed = X.copy()
    changed.iloc[5, 3] += 1e-9
    evaluate(changed, y, hospital, models=LIGHT, resampling=FEW, cache=FeatureCache(folder))
    assert len(done) == 3
    other = FEW.model_copy(update={"inner_folds": 3})
    evaluate(X, y, hospital, models=LIGHT, resampling=other, cache=FeatureCache(folder))
    assert len(done) == 6


def test_more_repeats_compute_only_the_new_ones(tables, kept, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = kept
    done = computed(monkeypatch)
    more = FEW.model_copy(update={"repeats": 2})
    evaluate(*tables, models=LIGHT, resampling=more, cache=FeatureCache(folder))
    assert len(done) == 3
