"""The site of each patient as a column beside the predictors: what harmonisation needs, and no model may learn from.

Predictor tables are numeric, so a site is written as a number that its name alone determines: a patient's code needs no
other patient, and a model stored today knows the same hospital tomorrow.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from radiogenomics.exceptions import ConfigurationError

SITE = "site"
"""Columns `site:<confounder>` are no modality: no model uses them as predictors (see `radiogenomics.fusion.columns`)."""


def site_code(name: str) -> float:
    """A whole number below 2^48, the same for the same name on every machine."""
    return float(int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:6], "big"))


def site_text(value: object) -> str:
    """How a confounder's value is written in a site's name: '1', '1.0' and 1.0 are one site.

    Whether a column counts as numbers depends on how many values a cohort has; the name of a site may not.
    """
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)


def site_column(confounders: pd.DataFrame, confounder: str) -> pd.Series:
    """The column `site:<confounder>`: the code of each patient's site, NaN where it is not known.

    Parameters
    ----------
    confounders : columns `<confounder>:<column>`. Several columns of one confounder together name the site.

    Raises
    ------
    ConfigurationError
        There is no such confounder.
    """
    columns = [c for c in confounders.columns if str(c).split(":", 1)[0] == confounder]
    if not columns:
        known = sorted({str(c).split(":", 1)[0] for c in confounders.columns})
        raise ConfigurationError(
            f"models.harmonisation.site: no confounder '{confounder}'; declared are {known}", rule="unknown_confounder"
        )
    codes = [
        site_code(" + ".join(site_text(value) for value in row)) if not any(pd.isna(value) for value in row) else np.nan
        for row in confounders[columns].itertuples(index=False)
    ]
    return pd.Series(codes, index=confounders.index, name=f"{SITE}:{confounder}", dtype=float)
