"""The one hierarchy of errors.

::

    RadiogenomicsError
    ├── InputError (ValueError)           the user's input is wrong: exit code 2
    │   ├── ConfigurationError            cohort.yaml: unknown key, wrong type, missing file
    │   ├── TableError                    a table: missing column, unreadable file, duplicated key
    │   ├── ImageError                    an image or ROI: geometry, content, encoding
    │   └── LeakageError                  a feature may not be used for this endpoint
    ├── IntegrityError (RuntimeError)     something stored is altered, half-written or of an unknown format
    ├── StoreError (RuntimeError)         a store outside this machine cannot be reached, or refuses what is asked
    ├── NotMaterialisedError (LookupError)  asked for a result that no run has produced yet
    └── ComputationError (RuntimeError)   a computation cannot be done on these data (too few events, ...)

Every message names what (file, row or key), the rule, and what was found. ``rule`` is a short machine-readable name of
the broken rule; it is what quarantine tables record.
"""

from __future__ import annotations


class RadiogenomicsError(Exception):
    """Base of all errors raised on purpose by this project."""

    exit_code = 1

    def __init__(self, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule

    def __reduce__(self):  # keep the keyword-only rule when an error crosses a process boundary
        return (_rebuild, (type(self), self.message, self.rule))


def _rebuild(kind: type[RadiogenomicsError], message: str, rule: str) -> RadiogenomicsError:
    return kind(message, rule=rule)


class InputError(RadiogenomicsError, ValueError):
    """The user's input is wrong and the message says how to mend it."""

    exit_code = 2


class ConfigurationError(InputError):
    """A configuration file is wrong."""


class TableError(InputError):
    """A table cannot be used as declared."""


class ImageError(InputError):
    """An image or its region of interest cannot be used."""


class LeakageError(InputError):
    """A feature that derives from an endpoint's own source was asked to predict that endpoint."""


class IntegrityError(RadiogenomicsError, RuntimeError):
    """A stored artefact does not match its digest or is of an unknown format."""


class StoreError(RadiogenomicsError, RuntimeError):
    """A store outside this machine cannot be reached, or refuses what is asked of it."""


class NotMaterialisedError(RadiogenomicsError, LookupError):
    """A result was asked for that no run has produced yet."""


class ComputationError(RadiogenomicsError, RuntimeError):
    """A computation is impossible on the data at hand."""
