"""The outer folds of NSCLC Radiogenomics' size, as a ratio to the same kind of models by plain scikit-learn."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.compute import single_threaded
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.nested import fold_parts, predictions
from radiogenomics.evaluation.outer_fold import Part, Task

ALGORITHMS = ("elastic_net", "xgboost")
RESAMPLING = Resampling(outer_folds=5, inner_folds=3, repeats=1)
RADIOMICS, EXPRESSION, CLINICAL = 1316, 1000, 20
"""Predictors of NSCLC Radiogenomics by modality."""


def tables(patients: int, scale: float = 1.0) -> tuple[pd.DataFrame, pd.Series]:
    """Noise with a little signal, of the shape of NSCLC Radiogenomics."""
    rng = np.random.default_rng(patients)
    y = (np.arange(patients) % 4 == 0).astype(int)
    blocks = {}
    for name, number in zip(("radiomics", "expression", "clinical"), _columns(scale), strict=True):
        values = rng.normal(size=(patients, number))
        values[:, : max(1, number // 20)] += 0.6 * y[:, None]
        blocks |= {f"{name}:f{i:04d}": values[:, i] for i in range(number)}
    X = pd.DataFrame(blocks, index=[f"P{i:04d}" for i in range(patients)])
    return X, pd.Series(y, index=X.index)


def _columns(scale: float) -> list[int]:
    return [max(2, round(size * scale)) for size in (RADIOMICS, EXPRESSION, CLINICAL)]


def ours(X: pd.DataFrame, y: pd.Series, folds: int) -> float:
    """Seconds for some outer folds of every model: unimodal, early, late, each modality left out."""
    given = align(X, y, pd.DataFrame(index=X.index), ["radiomics"])
    models = Models(unimodal=ALGORITHMS, fusion=("early/elastic_net", "early/xgboost", "late/mean", "late/weighted"))
    task = Task(given.X, given.target, {}, models, RESAMPLING, given.imaging)
    parts = _parts(y)[:folds]
    started = time.perf_counter()
    predictions(parts, task)
    return time.perf_counter() - started


def plain(X: pd.DataFrame, y: pd.Series, folds: int) -> float:
    """Seconds for the same folds by `GridSearchCV`: the unimodal and early models, tuned over as many candidates.

    Impute, scale, univariate selection, learner; the same inner folds and repeats. Each problem has the quickest of
    scikit-learn's solvers: lbfgs for ridge, and liblinear for the lasso, which stands in for the elastic net of the same
    penalty because only the slow saga solves that. Late fusion is left out: plain
    scikit-learn has none, so ours does more.
    """
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from xgboost import XGBClassifier

    from radiogenomics.fusion.boosted_trees import DEPTHS, SETTINGS, TREES
    from radiogenomics.fusion.elastic_net import ElasticNet

    n = len(y)
    linear = []
    for candidate in ElasticNet().candidates():
        ridge = candidate["l1_ratio"] == 0
        learner = LogisticRegression(**({"solver": "lbfgs"} if ridge else {"solver": "liblinear", "penalty": "l1"}))
        linear.append(
            {
                "selectkbest__k": [int(candidate["features"])],
                "learner": [learner],
                "learner__C": [1 / (candidate["penalty"] * n)],
            }
        )
    boosted = XGBClassifier(
        n_jobs=1,
        learning_rate=SETTINGS["eta"],
        subsample=SETTINGS["subsample"],
        colsample_bytree=SETTINGS["colsample_bytree"],
        reg_lambda=SETTINGS["lambda"],
        min_child_weight=SETTINGS["min_child_weight"],
        tree_method=SETTINGS["tree_method"],
        max_bin=SETTINGS["max_bin"],
    )
    trees = [{"learner": [boosted], "learner__max_depth": list(DEPTHS), "learner__n_estimators": list(TREES)}]
    blocks = [[c for c in X.columns if c.startswith(name)] for name in ("radiomics:", "expression:", "clinical:")]
    started = time.perf_counter()
    with single_threaded(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in _parts(y)[:folds]:
            for columns in [*blocks, list(X.columns)]:
                for grid in (linear, trees):
                    steps = Pipeline(
                        [
                            ("impute", SimpleImputer()),
                            ("scale", StandardScaler()),
                            ("selectkbest", SelectKBest(f_classif, k=min(60, len(columns)))),
                            ("learner", boosted),
                        ]
                    )
                    allowed = [
                        {**g, "selectkbest__k": [min(g["selectkbest__k"][0], len(columns))]}
                        if "selectkbest__k" in g
                        else g
                        for g in grid
                    ]
                    inner = RepeatedStratifiedKFold(
                        n_splits=RESAMPLING.inner_folds, n_repeats=ElasticNet().inner_repeats, random_state=0
                    )
                    search = GridSearchCV(steps, allowed, scoring="neg_log_loss", cv=inner)
                    search.fit(X.iloc[part.train][columns], y.iloc[part.train])
                    search.predict_proba(X.iloc[part.test][columns])
    return time.perf_counter() - started


def _parts(y: pd.Series) -> list[Part]:
    return fold_parts(outer_folds(y, RESAMPLING), len(y))


def measure() -> Iterator[dict[str, Any]]:
    """One outer fold of each: the ratio to scikit-learn, and how time grows with patients and with predictors."""
    X, y = tables(117)
    ours(*tables(60, 0.05), 1)  # imports and first calls are not what is measured
    first, by_sklearn = ours(X, y, 1), plain(X, y, 1)
    yield {
        "what": "one outer fold, 117 patients x 2,336 predictors: ours / GridSearchCV",
        "measured": f"{first / by_sklearn:.2f}x",
        "goal": "at most 1x",
        "met": first <= by_sklearn,
        "detail": f"{first:.1f} s / {by_sklearn:.1f} s; the reference uses lbfgs, liblinear and xgboost",
    }
    for what, values in (("patients", (117, 234, 468)), ("predictors", (0.25, 0.5, 1.0, 2.0))):
        seconds = [
            first if value in {117, 1.0} else ours(*(tables(value) if what == "patients" else tables(117, value)), 1)
            for value in values
        ]
        power = float(np.polyfit(np.log(values), np.log(seconds), 1)[0])
        counts = values if what == "patients" else [sum(_columns(value)) for value in values]
        yield {
            "what": f"one outer fold by {what}: time grows as their number to the power of",
            "measured": f"{power:.2f}",
            "goal": "-",
            "met": None,
            "detail": ", ".join(f"{count:,}: {value:.1f} s" for count, value in zip(counts, seconds, strict=True)),
        }
