"""What every part of the configuration is made of: immutable values that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""Names become asset keys, file names and column prefixes: lower case, digits, underscores."""


class Settings(BaseModel):
    """Base of all configuration values: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
