"""How an asset of a cohort is made: one shape for all of them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.step import Product, Progress, run_step
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage import Home

Compute = Callable[[Home, Mapping[str, Any], Progress], Product]
"""(state, input name -> value, progress) -> product."""


def asset_key(cohort: Cohort, *parts: str) -> dg.AssetKey:
    """Key of an asset: the cohort's name, then the endpoint's where there is one, then the asset's."""
    return dg.AssetKey([cohort.name, *parts])


def group(cohort: Cohort, name: str) -> str:
    """Groups are per cohort, so that one cohort's graph reads left to right on its own."""
    return f"{cohort.name}__{name}"


def cohort_asset(
    cohort: Cohort,
    parts: Sequence[str],
    *,
    group_name: str,
    description: str,
    compute: Compute,
    packages: Sequence[str],
    settings: Any,
    inputs: Mapping[str, Sequence[str]] | None = None,
    kinds: Sequence[str] = (),
    always: bool = False,
    depends: Callable[[Mapping[str, Any]], Any] | None = None,
    state: Callable[[Home], Any] | None = None,
) -> dg.AssetsDefinition:
    """An asset that loads its inputs, computes only what changed and reports what it shows.

    Parameters
    ----------
    parts : the key below the cohort's name.
    inputs : argument name -> key parts of the asset it comes from.
    settings : JSON-able part of the configuration that decides the result.
    depends : the part of the inputs that matters, as JSON-able values or hashes, where not all of their content does.
    state : what else lies in the state folder and decides the result, as JSON-able values.
    """
    sources = dict(inputs or {})
    mark = "**SIMULATED DATA.** " if cohort.simulated else ""

    @dg.asset(
        key=asset_key(cohort, *parts),
        ins={name: dg.AssetIn(key=asset_key(cohort, *source)) for name, source in sources.items()},
        group_name=group(cohort, group_name),
        description=mark + description,
        kinds=set(kinds),
        required_resource_keys={"home"},
        tags={"simulated": "true"} if cohort.simulated else None,
        output_required=True,
    )
    def _asset(context: dg.AssetExecutionContext, **values: Any) -> dg.MaterializeResult:
        home: Home = context.resources.home
        return run_step(
            context,
            lambda progress: compute(home, values, progress),
            packages=packages,
            code=[inspect.getfile(compute)],
            settings=[settings, depends(values) if depends else None],
            inputs=[] if depends else [[cohort.name, *source] for source in sources.values()],
            state=(lambda: state(home)) if state else None,
            always=always,
        )

    return _asset
