"""A digest of the code that decides a result: it changes when that code does, and not when a comment does."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PACKAGE = "radiogenomics.imaging"
"""Modules below it are followed from import to import; settings and what else comes from outside is in the cache's key."""


def code_version(*functions: Callable[..., Any]) -> str:
    """SHA-256 over the modules of these functions and all modules of this package that they import, directly or not.

    Comments, docstrings and layout do not count.
    """
    return _digest(tuple(sorted({function.__module__ for function in functions})), functions)


@functools.lru_cache(maxsize=64)
def _digest(modules: tuple[str, ...], functions: tuple[Callable[..., Any], ...]) -> str:
    sources = {function.__module__: Path(inspect.getfile(inspect.unwrap(function))) for function in functions}
    waiting, parsed = list(modules), {}
    while waiting:
        module = waiting.pop()
        if module in parsed:
            continue
        tree = ast.parse((sources.get(module) or _file(module)).read_bytes())
        parsed[module] = _bare(tree)
        waiting += [name for name in _imported(tree) if name.startswith(f"{_PACKAGE}.")]
    total = hashlib.sha256()
    for module in sorted(parsed):
        total.update(f"{module}\0{parsed[module]}\0".encode())
    return total.hexdigest()


def _file(module: str) -> Path:
    found = importlib.util.find_spec(module)
    assert found is not None  # it is imported by code that runs
    assert found.origin is not None
    return Path(found.origin)


def _imported(tree: ast.Module) -> list[str]:
    """Modules that are imported anywhere in the tree, but for those that only types need."""
    only_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    names = []
    for node in ast.walk(tree):
        if id(node) in only_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names.append(node.module)
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def _bare(tree: ast.Module) -> str:
    """The code without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [part for part in body if not _is_text(part)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
