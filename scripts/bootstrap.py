"""Make the virtual environment from the hashed lock, with the standard library alone.

``python3 scripts/bootstrap.py [.venv [extra]]`` is what ``make run`` and ``make test`` call first;
on a machine without make it is called by hand. An extra of pyproject.toml is installed on top of
the lock, whose versions it does not change. uv installs in seconds what takes pip two minutes, so
uv is fetched into the environment first; where that fails, pip does the work.
"""

from __future__ import annotations

import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)


def main() -> int:
    """Build the environment named on the command line; return a process exit code."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"daybook needs Python 3.11 or newer; this is {found}. Try: make run PYTHON=python3.12"
        )
        return 2
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv")
    started = time.monotonic()
    print(f"setting up {target} from requirements.lock …", flush=True)
    venv.create(target, with_pip=True, clear=True)
    python = target / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    installer = install_locked(python)
    run(python, *installer, "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--editable", str(ROOT))  # fmt: skip
    for extra in sys.argv[2:]:
        pins = pinned(target / "pins.txt")
        run(python, *installer, "install", "--quiet", "-c", pins, *requirements_of(extra))
    (target / ".ready").touch()
    print(f"ready in {time.monotonic() - started:.0f} s ({' '.join(installer[1:])})", flush=True)
    return 0


def requirements_of(extra: str) -> list[str]:
    """Return what pyproject.toml lists under an optional extra."""
    import tomllib  # noqa: PLC0415 - a Python that is too old must get as far as being told so

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"][extra])


def pinned(file: Path) -> Path:
    """Write the versions of the lock without their hashes, which a constraint cannot have."""
    lines = (line.rstrip("\\ ") for line in LOCK.read_text().splitlines())
    file.write_text("\n".join(line for line in lines if "==" in line and line[0].isalnum()) + "\n")
    return file


def install_locked(python: Path) -> tuple[str, ...]:
    """Install the locked packages and return the installer's module call."""
    pip = ("-m", "pip")
    quiet = ("--quiet", "--disable-pip-version-check")
    fetched = subprocess.run([python, *pip, "install", *quiet, "uv"], check=False)
    if fetched.returncode == 0:
        uv = ("-m", "uv", "pip")
        command = [python, *uv, "install", "--quiet", "--require-hashes", "-r", LOCK]
        if subprocess.run([*command, "--python", python], check=False).returncode == 0:
            return uv
        print("uv could not install the lock; trying pip", flush=True)
    run(python, *pip, "install", *quiet, "--no-deps", "--require-hashes", "-r", str(LOCK))
    return pip


def run(*command: str | Path) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
