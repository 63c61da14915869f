"""Write the picture of the README: the terminal of one simulated day, as SVG.

``python scripts/day_picture.py > docs/day.svg``, or ``make picture``. The words are those of
``daybook run`` itself, in an empty folder that is removed again; a test fails when the picture
shows words that a day no longer says.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

DAY = "2026-07-20"
WIDTH = 118
STYLES = {
    r"^stage .*": "dim",
    r"SIMULATED": "magenta",
    r"^BUY .*": "green",
    r"^SELL .*": "red",
    r"^\d+ orders? proposed$": "bold green",
}
# Rich's template loads its font from the network; a document does not.
WITHOUT_FONTS = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> int:
    """Run the day and write its picture to standard output."""
    with tempfile.TemporaryDirectory() as home:
        said = a_day(home)
    picture = svg(f"$ daybook run --date {DAY}\n{said}")
    sys.stdout.write("\n".join(line.rstrip() for line in picture.splitlines()) + "\n")
    return 0


def a_day(home: str) -> str:
    """Return what ``daybook run`` prints with default settings, at home in an empty folder."""
    daybook = Path(sys.executable).with_name("daybook")
    ours = {name: text for name, text in os.environ.items() if not name.startswith("DAYBOOK_")}
    return subprocess.run(
        [daybook, "run", "--date", DAY],
        cwd=home,
        env={**ours, "DAYBOOK_HOME": home},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def svg(said: str) -> str:
    """Return the lines as a terminal shows them."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in said.splitlines():
        shown = Text(line)
        for pattern, style in STYLES.items():
            shown.highlight_regex(pattern, style)
        console.print(shown)
    return console.export_svg(
        title="One simulated day", code_format=WITHOUT_FONTS, unique_id="daybook"
    )


if __name__ == "__main__":
    sys.exit(main())
