"""What a person sees while a run goes on: one line as each asset starts, how far it is, how it ended."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import dagster as dg


class _Lines(logging.Handler):
    """Turns Dagster's events into short lines."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.started: dict[str, float] = {}
        self.done = 0

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        line = self._event(event) if event is not None else self._message(record) if record.levelno >= logging.INFO else ""
        if line:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _message(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", None)
        message = (meta or {}).get("orig_message") or record.getMessage()
        return f"      {message}"

    def _event(self, event: Any) -> str:
        name = (event.step_key or "").replace("__", "/", 2)
        kind = event.event_type_value
        if kind == "STEP_START":
            self.started[name] = time.monotonic()
            self.done += 1
            return f"{self.done:>4}  {name}"
        if kind == "STEP_FAILURE":
            return f"      {name}: FAILED: {failure_message(event)}"
        if kind == "STEP_SUCCESS":
            return f"      {name}: done in {time.monotonic() - self.started.get(name, time.monotonic()):.1f} s"
        if kind == "ASSET_CHECK_EVALUATION":
            check = event.event_specific_data
            return (
                ""
                if check.passed
                else f"      check {check.check_name} of {check.asset_key.to_user_string()}: NOT PASSED ({check.severity.value})"
            )
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


@dg.logger(description="Short lines for people.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("radiogenomics.run", logging.DEBUG)
    logger.addHandler(_Lines())
    return logger
