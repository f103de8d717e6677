"""One label with its reason, and the comparison of two sources of the same label."""

from __future__ import annotations

from typing import NamedTuple

from radiogenomics.cohort.set_aside import SetAside


class Label(NamedTuple):
    """A patient's label.

    Attributes
    ----------
    label : 1, 0, or None where it is not known.
    reason : why, in one sentence.
    source_rows : 'file:line;file:line', or None.
    """

    label: int | None
    reason: str
    source_rows: str | None


def reason_group(reason: str) -> str:
    """The part of a reason that patients share: without the patient's own values, which stand in parentheses."""
    head, _, tail = reason.partition(" (")
    after = tail.rpartition(")")[2]
    return f"{head}{after}" if tail else reason


def compared(
    patient: str, label: Label, other: Label, *, endpoint: str, column: str, row: int | None, aside: SetAside
) -> Label:
    """A label beside what a second source says of the same patient.

    Where both are known and disagree, nobody knows which is right: the label is missing, and the disagreement is
    recorded. Where only one is known the label stays as the rule has it, and the reason says what the other source says.
    """
    lines = ";".join(part for part in (label.source_rows, other.source_rows) if part) or None
    if other.label is None:
        return label._replace(reason=f"{label.reason}; {column}: not known")
    said = "positive" if other.label else "negative"
    if label.label is None:
        return Label(None, f"{label.reason}; {column} says {said}", lines)
    if label.label == other.label:
        return Label(label.label, f"{label.reason}; {column} agrees", lines)
    mine = "positive" if label.label else "negative"
    reason = f"sources disagree: {mine} by rule ({label.reason}), {said} by {column}"
    aside.value(row=row, patient_id=patient, rule="sources_disagree", reason=f"endpoint '{endpoint}': {reason}")
    return Label(None, reason, lines)
