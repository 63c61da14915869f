"""Run in a process of its own: kill an append at each of its steps, then repeat it.

Prints one JSON line per step. A step is a call that changes the disk or takes the lock, as
CPython's audit events and ``os.fsync`` report it. Forking here, and not in the test, keeps the
test process free of forks. Whoever forks here has no threads, and so touches no table itself: in a
child of a process with threads a lock may be taken for ever.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from core.errors import StorageError
from journal import Entry, entries, log, verify

REFUSED = 3
STEPS = {
    "fcntl.flock", "os.chmod", "os.mkdir", "os.rename", "os.remove", "tempfile.mkstemp", "os.fsync",
}  # fmt: skip


def say(**result) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()  # or a forked child would say it once more


def entry(run_id: str) -> Entry:
    return Entry(
        run_id=run_id,
        kind="decision",
        timestamp=datetime(2026, 6, 15, 11, 25, tzinfo=UTC),
        session=date(2026, 6, 15),
        facts={"verdict": "proposed"},
        artefacts=(),
        decisions=(),
    )


def in_child(action) -> int:
    """Run an action in a forked child; return its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        code = REFUSED
        try:
            action()
            code = 0
        except StorageError:
            pass
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def killed_at(step: int, folder: Path) -> None:
    """Append, and end with SIGKILL just before the given step; return if there is no such step."""
    left = step

    def at_step(event: str, arguments: object = None) -> None:
        nonlocal left
        if event in STEPS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    fsync = os.fsync
    os.fsync = lambda handle: (at_step("os.fsync"), fsync(handle))[1]
    sys.addaudithook(at_step)
    log(folder, entry("run-1"))


def prepare(folder: Path, state: str) -> None:
    if state != "no journal yet":
        log(folder, entry("run-0"))
    if state == "an orphan":
        before = (folder / "checkpoint").read_bytes()
        log(folder, entry("run-1"))
        (folder / "checkpoint").write_bytes(before)


def crash(root: Path) -> None:
    """Kill at every step until the append runs through, and say what the repetition finds."""
    for state in ("no journal yet", "a journal", "an orphan"):
        step, code = 0, -signal.SIGKILL
        while code == -signal.SIGKILL:
            folder = root / f"{state} {step}"
            assert in_child(partial(prepare, folder, state)) == 0
            code = in_child(partial(killed_at, step, folder))
            assert in_child(partial(repeat, folder, state, code)) == 0
            step += 1


def repeat(folder: Path, state: str, code: int) -> None:
    """Append once more, and say what is there now."""
    sealed = log(folder, entry("run-1"))
    say(
        state=state,
        code=code,
        already_there=sealed.already_there,
        set_aside=len(sealed.set_aside),
        entries=verify(folder, folder).entries,
        runs=[s.entry.run_id for s in entries(folder)],
    )


def full_disk(root: Path) -> None:
    """Append under a file size limit of every length, as a disk that fills up mid-write."""
    folder = root / "full"
    assert in_child(partial(log, folder, entry("run-0"))) == 0
    whole = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    for limit in [0, 1, 100, 200, 250, 300, whole // 2, whole - 100]:

        def limited(size: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            log(folder, entry("run-1"))

        code = in_child(limited)
        assert in_child(partial(count, folder, limit, code)) == 0
    code = in_child(partial(log, folder, entry("run-1")))
    count(folder, None, code)


def count(folder: Path, limit: int | None, code: int) -> None:
    """Say how many entries there are."""
    say(limit=limit, code=code, entries=verify(folder, folder.parent).entries)


def together(root: Path) -> None:
    """Let eight processes append, each its own five runs and five that all of them share."""
    folder = root / "together"

    def append(worker: int) -> None:
        for n in range(5):
            log(folder, entry(f"shared-{n}"))
            log(folder, entry(f"worker-{worker}-{n}"))

    children = []
    for worker in range(8):
        child = os.fork()
        if child == 0:
            append(worker)
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    say(codes=codes, entries=verify(folder, root).entries)


if __name__ == "__main__":
    {"crash": crash, "full-disk": full_disk, "together": together}[sys.argv[1]](Path(sys.argv[2]))
