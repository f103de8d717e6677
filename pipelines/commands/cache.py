"""``radiogenomics cache show | prune``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rich.console import Console

from radiogenomics.storage import Home
from radiogenomics.storage.feature_cache import FeatureCache


def show(home: Home, out: Console) -> None:
    """Print where the cache of features per lesion is, what it holds and when it was used."""
    state = FeatureCache(home.cache).state()
    out.print(f"folder        {home.cache}", highlight=False, soft_wrap=True)
    out.print(f"entries       {state.entries:,}", highlight=False)
    out.print(f"size          {state.bytes / 2**20:,.1f} MB", highlight=False)
    for name, moment in (("longest idle", state.least_recently_used), ("last used", state.most_recently_used)):
        if moment is not None:
            out.print(f"{name:<14}{moment:%Y-%m-%d %H:%M} UTC", highlight=False)


def prune(home: Home, maximum_mb: int | None, unused_days: int | None, err: Console) -> None:
    """Remove entries that are unused for longest, or for a number of days, and say how many."""
    cache = FeatureCache(home.cache)
    since = None if unused_days is None else datetime.now(UTC) - timedelta(days=unused_days)
    limit = cache.state().bytes if maximum_mb is None else maximum_mb * 2**20
    pruned = cache.prune(limit, unused_since=since)
    left = cache.state()
    err.print(
        f"removed {pruned.entries:,} entries ({pruned.bytes / 2**20:,.1f} MB); "
        f"{left.entries:,} are left ({left.bytes / 2**20:,.1f} MB)",
        highlight=False,
    )
