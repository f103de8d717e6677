"""Patient identifiers as keyed hashes: the same patient under the same key is always the same pseudonym."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from radiogenomics.exceptions import ConfigurationError

SHORTEST = 32
"""Bytes of a key below which a warning is given: as many as the hash has."""
TELLING_DIGITS = 6
"""Digits from which on an identifier without a letter is looked for in running text; a shorter one may be any number."""


class ShortKeyWarning(UserWarning):
    """A key that could be guessed."""


@dataclass(frozen=True)
class Pseudonyms:
    """HMAC-SHA256 [1]_ of patient identifiers, in hexadecimal (64 characters).

    The key is never shown, stored or written; `fingerprint` names it without telling it.

    References
    ----------
    .. [1] RFC 2104; ENISA: Pseudonymisation techniques and best practices, 2019, section 5.1.4.
    """

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ between keys."""
        return hmac.new(self.key, b"radiogenomics key fingerprint", hashlib.sha256).hexdigest()[:12]

    def of(self, patient_id: str) -> str:
        """The pseudonym of one patient."""
        return hmac.new(self.key, patient_id.encode("utf-8"), hashlib.sha256).hexdigest()

    def apply(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with pseudonyms in column `patient_id`."""
        known = {patient: self.of(str(patient)) for patient in rows["patient_id"].unique()}
        return rows.assign(patient_id=rows["patient_id"].map(known).astype(str))

    def in_text(self, text: str, identifiers: Iterable[str]) -> str:
        """The text with each of the identifiers, where it stands as a whole word, replaced by its pseudonym.

        Identifiers of fewer than `TELLING_DIGITS` digits and no letter are left: in running text they may be any number.
        """
        sought = {name for name in identifiers if re.search(r"[^\W\d]", name) or len(name) >= TELLING_DIGITS}
        if not sought:
            return text
        longest_first = "|".join(re.escape(name) for name in sorted(sought, key=lambda name: (-len(name), name)))
        return re.sub(rf"(?<![^\W_])(?:{longest_first})(?![^\W_])", lambda found: self.of(found[0]), text)


def key_from(*, variable: str | None = None, file: Path | None = None, where: str) -> Pseudonyms:
    """The key in an environment variable, or in a file (its last line end is not part of it).

    Parameters
    ----------
    where : the file and key that declare it, for messages.

    Raises
    ------
    ConfigurationError
        The variable is not set, the file not there, or the key empty.
    """
    if variable is not None:
        place, key = f"environment variable {variable}", os.environ.get(variable, "").encode("utf-8")
        lacking = "is not set or empty"
    else:
        place = f"key file {file}"
        try:
            key = Path(file or "").read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise ConfigurationError(
                f"{where}: {place} cannot be read ({error.strerror}); without the key no patient identifier leaves the store",
                rule="pseudonym_key",
            ) from None
        lacking = "is empty"
    if not key.strip():
        raise ConfigurationError(
            f"{where}: {place} {lacking}; without the key no patient identifier leaves the store", rule="pseudonym_key"
        )
    if len(key) < SHORTEST:
        warnings.warn(
            f"{where}: the key in {place} has {len(key)} bytes; identifiers can be found again by trying keys. Use {SHORTEST} "
            "random bytes or more (openssl rand -hex 32)",
            ShortKeyWarning,
            stacklevel=2,
        )
    return Pseudonyms(key)
