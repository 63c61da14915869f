"""How a day stands, for tests of what people see."""

from datetime import UTC, date, datetime

from review.standing import Standing
from review.verdict import Verdict


def a_standing(verdict=Verdict.PROPOSED, states=(), **changes):
    """Build how a day stands whose orders stand like ``states``."""
    plain = {
        "verdict": verdict,
        "session": date(2026, 6, 15),
        "ticket_sha256": "8031f1038f4e" + "0" * 52,
        "orders": len(states),
        "until": datetime(2026, 6, 15, 13, 15, tzinfo=UTC),
        "committed": len(states),
        "tally": ", ".join(f"{states.count(s)} {s}" for s in sorted(set(states))),
        "by": "ana",
    }
    return Standing(**plain | changes)
