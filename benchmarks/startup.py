"""Start-up of ``daybook --help`` against importing what its pages do without: CPU seconds.

Run with ``python -m benchmarks.startup``. The other side imports typer, rich and the settings, as
every start once did.
"""

import os
import subprocess
import sys
from pathlib import Path

EAGER = "import typer, rich.console, rich.panel, rich.table, rich.progress, core.settings"
TIMES = 5
GOAL = 0.5


def cpu_seconds(*command: str) -> float:
    """Return user and system time of the fastest of some runs."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    found = []
    for _ in range(TIMES):
        before = os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        after = os.times()
        found.append(
            after.children_user - before.children_user
            + after.children_system - before.children_system
        )  # fmt: skip
    return min(found)


def main() -> None:
    command = str(Path(sys.executable).with_name("daybook"))
    cpu_seconds(command, "--help")  # compiles what is not compiled yet
    helped = cpu_seconds(command, "--help")
    eager = cpu_seconds(sys.executable, "-c", EAGER)
    print(f"daybook --help {helped:.3f} s, the imports {eager:.3f} s: ratio {helped / eager:.2f}")
    if helped > GOAL * eager:
        sys.exit(f"daybook --help takes more than {GOAL:g} of these imports")


if __name__ == "__main__":
    main()
