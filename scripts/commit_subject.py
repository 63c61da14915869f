"""Hold the subject of a commit to ``area: what changed``."""

import re
import sys
from pathlib import Path

LONGEST = 100
SUBJECT = re.compile(r"[a-z][a-z0-9_/, -]*: \S.*")


def main() -> int:
    """Return 1 and say why when the message in the file given has no such subject."""
    subject = Path(sys.argv[1]).read_text(encoding="utf-8").partition("\n")[0]
    if SUBJECT.fullmatch(subject) and len(subject) <= LONGEST:
        return 0
    sys.stderr.write(
        f"the subject {subject!r} is not `area: what changed` in {LONGEST} characters, such "
        "as `risk: judge the order value in the base currency`\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
