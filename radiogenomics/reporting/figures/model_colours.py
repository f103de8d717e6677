"""One colour for each model that is drawn together with others."""

from __future__ import annotations

import pandas as pd

from radiogenomics.reporting.figures.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

_SPARE = (GREEN, PURPLE, SKY, VERMILLION, BLACK)


def model_colours(models: list[str], metrics: pd.DataFrame | None = None) -> dict[str, str]:
    """Blue for the first fusion, orange for the first clinical baseline, grey for floors, others in Okabe-Ito's order.

    Without `metrics`, roles are read from the names (`late/`, `early/`, `clinical/`, `floor/`).
    """
    roles = {} if metrics is None else dict(zip(metrics["model"], metrics["role"], strict=True))
    colours: dict[str, str] = {}
    spare = 0
    for model in models:
        head = model.split("/")[0]
        guessed = {
            "late": "fusion",
            "early": "fusion",
            "intermediate": "fusion",
            "floor": "floor",
            "clinical": "clinical_baseline",
        }.get(head, "")
        role = roles.get(model, guessed)
        wanted = {"fusion": BLUE, "clinical_baseline": ORANGE, "floor": GREY}.get(role)
        if wanted is None or wanted in colours.values():
            wanted = _SPARE[spare % len(_SPARE)]
            spare += 1
        colours[model] = wanted
    return colours
