"""``python -m tests.bench [NAME ...]``: speed as ratios within one run, values compared as well.

Prints a table and writes ``benchmarks.json`` into the state folder (RADIOGENOMICS_HOME). Each module beside this one that has
``measure()`` is a benchmark; names choose some of them. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import sys

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy and ITK are loaded: one thread on both sides of every ratio


def main(names: list[str]) -> int:
    """Run the benchmarks; returns the exit code."""
    from rich.console import Console
    from rich.table import Table

    import tests.bench
    from radiogenomics.storage import Home
    from radiogenomics.storage.atomic import write_atomically

    console = Console()
    known = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if not module.name.startswith("_")]
    unknown = sorted(set(names) - set(known))
    if unknown:
        console.print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    rows: list[dict] = []
    for name in names or known:
        module = importlib.import_module(f"tests.bench.{name}")
        if not hasattr(module, "measure"):
            continue
        for row in module.measure():
            rows.append({"benchmark": name, **row})
            console.print(f"{name}: {row['what']}: {row['measured']} (goal {row['goal']})", highlight=False)
    table = Table("benchmark", "what", "measured", "goal", "met", "detail", box=None)
    for row in rows:
        met = "-" if row["met"] is None else "yes" if row["met"] else "NO"
        table.add_row(row["benchmark"], row["what"], row["measured"], row["goal"], met, row["detail"])
    console.print(table)
    page = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "results": rows,
    }
    path = Home.from_environment().folder / "benchmarks.json"
    write_atomically(path, lambda temporary: temporary.write_text(json.dumps(page, indent=1)))
    console.print(f"{path}: written", highlight=False)
    return 1 if any(row["met"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
