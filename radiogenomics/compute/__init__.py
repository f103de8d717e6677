"""Mapping work over processes or a cluster: order kept, failures returned per item, nothing lost when a worker dies."""

from radiogenomics.compute.mapping import Outcome, map_items
from radiogenomics.compute.threads import single_threaded

__all__ = ["Outcome", "map_items", "single_threaded"]
