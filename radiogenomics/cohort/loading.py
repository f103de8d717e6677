"""Reading ``cohort.yaml`` into a :class:`~radiogenomics.cohort.configuration.Cohort`, with errors a person can act on."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.label_settings import RULES
from radiogenomics.cohort.study import with_study
from radiogenomics.exceptions import ConfigurationError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, where plain YAML keeps the last in silence."""


def _mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key '{key}' is given twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_cohort(path: str | Path, environment: Mapping[str, str] | None = None) -> Cohort:
    """Read and validate one ``cohort.yaml``.

    Parameters
    ----------
    path : path of the YAML file.
    environment : values for ``${VARIABLE}``; the process environment when left out.

    Raises
    ------
    ConfigurationError
        The file is missing, is not YAML, has an unknown key or a value of the wrong type, or names an environment
        variable that is not set. The message lists every problem with file, key, what was expected and what was found.
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such file; expected a cohort.yaml", rule="file_missing")
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 text (byte {error.start})", rule="encoding") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(
            f"{file}{where}: not valid YAML: {getattr(error, 'problem', error)}", rule="yaml"
        ) from error
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{file}: expected a mapping of keys, found {type(raw).__name__}", rule="yaml")
    raw = _expand(raw, file, os.environ if environment is None else environment, ())
    raw = with_study(raw, file.parent)
    try:
        cohort = Cohort.model_validate(raw)
    except ValidationError as error:
        problems = [_describe(problem, raw) for problem in error.errors()]
        raise ConfigurationError(
            f"{file}: " + ("\n  " if len(problems) > 1 else "") + "\n  ".join(problems), rule="configuration"
        ) from error
    cohort._file = file
    return cohort


def _expand(value: Any, file: Path, environment: Mapping[str, str], where: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, file, environment, (*where, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, file, environment, (*where, str(index))) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise ConfigurationError(
                f"{file}: {'.'.join(where)}: environment variable {name} is not set; "
                f"set it to what `{value}` needs, e.g. export {name}=/folder",
                rule="environment_variable",
            )
        return environment[name]

    return _VARIABLE.sub(replace, value)


def _describe(problem: Any, raw: Any) -> str:
    location = tuple(problem["loc"])
    keys = [str(part) for part in location if not _is_union_tag(part, raw, location)]
    where = ".".join(keys) or "(top level)"
    kind = problem["type"]
    if kind == "extra_forbidden":
        valid = _valid_keys(Cohort, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else f"; valid keys: {', '.join(valid)}" if valid else ""
        return f"{where}: unknown key{hint}"
    if kind == "missing":
        return f"{where}: required, but not given"
    message = problem["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return f"{where}: {message}" if keys else message
    return f"{where}: {message[0].lower()}{message[1:]}; found {problem.get('input')!r}"


def _is_union_tag(part: Any, raw: Any, location: tuple[Any, ...]) -> bool:
    """Pydantic puts the tag of a discriminated union into the location; a person did not write it there."""
    return isinstance(part, str) and part in {*RULES, "[key]"}


def _valid_keys(model: Any, location: tuple[Any, ...]) -> list[str]:
    """Names of the fields that may stand at `location` below `model`."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        if not location:
            return sorted(model.model_fields)
        field = model.model_fields.get(str(location[0]))
        return _valid_keys(field.annotation, location[1:]) if field else []
    origin, arguments = get_origin(model), get_args(model)
    if origin is dict:
        return _valid_keys(arguments[1], location[1:])
    keys: set[str] = set()
    for argument in arguments:  # Optional, unions, Annotated
        rest = location[1:] if location and location[0] in RULES else location
        keys.update(_valid_keys(argument, rest))
    return sorted(keys)
