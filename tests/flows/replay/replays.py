"""Small replays that tests share: a session of thirty symbols costs a second."""

from datetime import UTC, date, datetime

from core.settings import Settings
from flows.replay.date_range import Range
from flows.replay.replay import replay
from tests.fixtures.tiers import size

SESSIONS = tuple(date(2026, 6, day) for day in (15, 16, 17, 18)[: size(4, 2)])
FIRST, LAST = SESSIONS[0], SESSIONS[-1]
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def settings_at(home, **changes):
    home.mkdir(parents=True, exist_ok=True)
    small = {"simulator": {"symbols": 30}, "universe": {"history": "1 Y"}}
    return Settings(home=home, **{**small, **changes})


def replayed(home, first=FIRST, last=LAST, **options):
    """Replay a few sessions of the small world."""
    settings = options.pop("settings", None) or settings_at(home)
    return replay(settings, Range(first, last), now=NOW, resume="again", **options)


def content(folder):
    """Return every file below a folder by its relative name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tickets(done):
    return {day: done.home.ticket(day).read_bytes() for day in done.sessions}
