"""Which model a page describes, which is in use, and whether they are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiogenomics.storage.model_stages import CHAMPION


def standing_in_words(history: pd.DataFrame, model_id: str, what: str = "page") -> str:
    """One sentence, or two where another model is in use.

    Parameters
    ----------
    history : every change of stage, first to last: `at` (ISO 8601), `by`, `model_id`, `to`, `why`, as
        `storage.model_stages.ModelStages.history` gives it.
    what : what describes the model: a page, a look.
    """
    now = {str(row["model_id"]): row for row in history.to_dict("records")}
    own = now.get(model_id)
    if own is not None and own["to"] == CHAMPION:
        return f"This {what} describes {model_id}, the champion, which is the model in use: {_since(own)}."
    stage = f" ({own['to']}: {_since(own)})" if own is not None else " (without a stage)"
    used = next((row for row in now.values() if row["to"] == CHAMPION), None)
    if used is None:
        return f"This {what} describes {model_id}{stage}. No model is in use: the endpoint has no champion."
    return (
        f"This {what} describes {model_id}{stage}, which is not the model in use. The champion is {used['model_id']}: "
        f"{_since(used)}; it was trained on other data or by other settings, and no figure or explanation here is of it."
    )


def _since(row: Mapping[Any, Any]) -> str:
    moment = pd.Timestamp(row["at"]).strftime("%Y-%m-%d %H:%M UTC")
    return f"since {moment}, by {row['by']}, because: {row['why']}"
