"""Run every benchmark: ``python -m benchmarks``, or some: ``python -m benchmarks technical``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    """Run the benchmarks named on the command line, or all of them, by name."""
    known = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    for name in sys.argv[1:] or [name for name in known if not name.startswith("_")]:
        if name not in known:
            sys.exit(f"no benchmark {name!r}; there are: {', '.join(known)}")
        print(f"\n== {name}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
