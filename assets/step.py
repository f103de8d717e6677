"""Computing only what changed: an asset whose code, settings and inputs are the same as last time is reused.

An asset's function calls :func:`run_step`. It hashes the source of the library packages that the step uses, the part of
the configuration it reads and the content of its inputs. Where the stored artefact was made from the same hash, the
step says so and leaves it; otherwise it computes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from assets import display
from assets.display import Item, text, to_dagster
from assets.versions import library_versions, source_digest
from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.storage import ArtefactStore, Home, file_digest
from radiogenomics.storage.artefacts import fingerprint


@dataclass(frozen=True)
class Computed:
    """A fresh value on its way to the IO manager."""

    value: Any
    fingerprint: str
    shown: dict[str, Item]


class Unchanged:
    """Tells the IO manager that what is stored already is right."""


@dataclass(frozen=True)
class Product:
    """What a step computed and what it shows of it."""

    value: Any
    shown: dict[str, Item] = field(default_factory=dict)


Progress = Callable[[int, int], None]
"""Called with (done, total)."""


def run_step(
    context: dg.AssetExecutionContext,
    compute: Callable[[Progress], Product],
    *,
    packages: Sequence[str],
    settings: Any,
    code: Sequence[str] = (),
    inputs: Sequence[Sequence[str]] = (),
    state: Callable[[], Any] | None = None,
    always: bool = False,
) -> dg.MaterializeResult:
    """Compute an asset, or reuse it where nothing it depends on has changed.

    Parameters
    ----------
    compute : makes the product; called only when needed.
    packages : names of the packages of ``radiogenomics`` whose source decides the result.
    settings : JSON-able part of the configuration that decides the result.
    code : files outside the library that decide the result or what is shown of it.
    inputs : keys of the artefacts it was given.
    state : gives what else of the state decides the result, as JSON-able values.
    always : compute even so (for steps that only find out by looking whether their input changed).
    """
    home: Home = context.resources.home
    store = ArtefactStore(home.artefacts)
    key = context.asset_key.path
    records = [store.record(source) for source in inputs]
    with _errors_as_failures():
        beside = [] if state is None else [state()]
    mark = fingerprint(
        {name: source_digest(name) for name in packages},
        [file_digest(Path(file)) for file in sorted({*code, display.__file__})],
        library_versions(),
        settings,
        [record.digest if record else None for record in records],
        *beside,
    )
    known = None if always else store.current(key, mark)
    if known is not None:
        context.log.info(f"{'/'.join(key)}: unchanged since {known.created_at}, reused")
        shown = {**known.shown, "0_status": text(f"unchanged since {known.created_at}, reused")}
        return dg.MaterializeResult(
            value=Unchanged(), metadata=to_dagster(shown), data_version=dg.DataVersion(mark[:16])
        )
    started = time.monotonic()
    with _errors_as_failures():
        product = compute(_reporter(context, "/".join(key)))
    shown = {**product.shown, "0_status": text(f"computed in {time.monotonic() - started:.1f} s")}
    return dg.MaterializeResult(
        value=Computed(product.value, mark, product.shown),
        metadata=to_dagster(shown),
        data_version=dg.DataVersion(mark[:16]),
    )


@contextmanager
def _errors_as_failures() -> Iterator[None]:
    """An error of the library is a failure that Dagster does not try again."""
    try:
        yield
    except RadiogenomicsError as error:
        raise dg.Failure(
            description=str(error),
            metadata={"rule": error.rule or type(error).__name__, "exit_code": error.exit_code},
            allow_retries=False,
        ) from error


def _reporter(context: dg.AssetExecutionContext, name: str) -> Progress:
    """Progress with an estimate, at most every two seconds."""
    started = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if total and (now - last >= 2 or done == total):
            last = now
            left = (now - started) / max(done, 1) * (total - done)
            context.log.info(f"{name}: {done} of {total}, {now - started:.0f} s so far, about {left:.0f} s left")

    return report
