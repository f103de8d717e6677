"""What a person sees while a run goes on: one line as each asset starts, how far it is, how it ended."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg


class _Lines(logging.Handler):
    """Turns Dagster's events into short lines.

    Parameters
    ----------
    assets : step key -> ``cohort/asset`` of every step that makes an asset. Checks speak only when they do not pass.
    """

    def __init__(self, assets: Mapping[str, str]) -> None:
        super().__init__(logging.DEBUG)
        self.assets = assets
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if event is not None:
            line = self._event(event)
        else:
            line = self._message(record) if record.levelno >= logging.INFO else ""
        if line:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _message(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", None)
        return f"         {(meta or {}).get('orig_message') or record.getMessage()}"

    def _event(self, event: Any) -> str:
        step, kind = event.step_key or "", event.event_type_value
        if kind == "STEP_FAILURE":
            return f"         FAILED {self.assets.get(step, step)}: {failure_message(event)}"
        if kind == "ASSET_CHECK_EVALUATION":
            check = event.event_specific_data
            asset = check.asset_key.to_user_string()
            return (
                ""
                if check.passed
                else f"         check {check.check_name} of {asset}: NOT PASSED ({check.severity.value})"
            )
        if step not in self.assets:
            return ""
        if kind == "STEP_START":
            self.started[step] = time.monotonic()
            return f"[{len(self.started):>2}/{len(self.assets)}]  {self.assets[step]}"
        if kind == "STEP_SUCCESS":
            return f"         done in {time.monotonic() - self.started.get(step, time.monotonic()):.1f} s"
        return ""


def failure_message(event: Any) -> str:
    """The message of a failed step, without a traceback where the failure was raised on purpose."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "unknown error"


@dg.logger(config_schema={}, description="Short lines for people.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    keys = context.job_def.asset_layer.selected_asset_keys if context.job_def is not None else set()
    logger = logging.Logger("radiogenomics.run", logging.DEBUG)
    logger.addHandler(_Lines({"__".join(key.path): key.to_user_string() for key in keys}))
    return logger
