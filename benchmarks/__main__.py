"""Run every benchmark: ``python -m benchmarks``, or some: ``python -m benchmarks technical``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    """Run the benchmarks named on the command line, or all of them, by name."""
    known = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    known = [name for name in known if not name.startswith("_")]
    missed = []
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"no benchmark {name!r}; there are: {', '.join(known)}")
        print(f"\n== {name}", flush=True)
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except SystemExit as ended:  # a goal was missed; the others still run
            if isinstance(ended.code, str):
                print(ended.code)
            missed += [name] if ended.code else []
    if missed:
        sys.exit(f"\nmissed a goal: {', '.join(missed)}")


if __name__ == "__main__":
    main()
