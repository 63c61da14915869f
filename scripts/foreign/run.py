"""Foreign programs for IBKR on the simulator: ``make foreign``, or some: ``… PROGRAMS=ib_insync``.

Each is installed as pinned in programs.toml into a folder that is thrown away, gets a simulator of
its own on free ports, and prints a line for each feature. The table of all of them ends the output.
Exit code 1: something is not as docs/foreign-programs.md says. Never part of CI: it needs the
package registries and, for some, Node.js or a Python 3.12.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
MOST_SECONDS = 600


def main() -> int:
    """Run the programs that are named, or all; return a process exit code."""
    pins = tomllib.loads((HERE / "programs.toml").read_text())
    as_of, programs = pins.pop("as_of"), pins
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(programs))
    names = parser.parse_args().names or list(programs)
    if unknown := set(names) - set(programs):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    rows = []
    for name in names:
        print(f"\n{name}: {' '.join(programs[name]['packages'])}", flush=True)
        with tempfile.TemporaryDirectory(prefix="foreign-") as folder:
            rows.append(run(programs[name], as_of, Path(folder)))
        print(f"=> {rows[-1][-1]}", flush=True)
    print("\n| program | wire version | works | fails by its own fault | outcome |")
    print("|---|---|---|---|---|")
    for row in rows:
        print("|", " | ".join(map(str, row)), "|")
    return 0 if all(row[-1] == "as stated" for row in rows) else 1


def run(program: dict[str, Any], as_of: str, folder: Path) -> tuple[str, str, int, int, str]:
    """Install one program, run it on a simulator and return its row of the table."""
    title = ", ".join(program["packages"]).replace("==", " ")
    try:
        command, environment = installed(program, as_of, folder)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        return title, "-", 0, 0, f"cannot be installed here: {error}"
    log = folder / "wire.jsonl"
    options = [*program.get("simulator", []), "--wire-log", str(log)]
    if program.get("session") != "newest":
        options += ["--session", "2026-06-15"]
    with simulator(options, folder) as address:
        done = subprocess.Popen(
            [*command, str(HERE / "programs" / program["script"])],
            env=os.environ | environment | address,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("w"),
            text=True,
        )
        outcomes = followed(done, folder)
    if done.returncode and not outcomes.count("DIFFERS"):
        print((folder / "stderr").read_text()[-3000:])
    outcome = "as stated" if done.returncode == 0 else f"DIFFERS (exit {done.returncode})"
    return title, versions(log), outcomes.count("ok"), outcomes.count("failed"), outcome


def followed(done: subprocess.Popen[str], folder: Path) -> list[str]:
    """Print what a program says of its features, and return their outcomes."""
    outcomes = []
    assert done.stdout is not None
    with (folder / "stdout").open("w") as rest:
        for line in done.stdout:
            word = line.split(maxsplit=1)[0] if line.strip() else ""
            if word in {"ok", "failed", "DIFFERS"}:
                print("  " + line, end="", flush=True)
                outcomes.append(word)
            else:
                rest.write(line)
    done.wait(timeout=MOST_SECONDS)
    return outcomes


def installed(
    program: dict[str, Any], as_of: str, folder: Path
) -> tuple[list[str], dict[str, str]]:
    """Install a program; return what starts its script, and the environment for that."""
    if program.get("language") == "node":
        npm = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder)]
        pinned = [package.replace("==", "@") for package in program["packages"]]
        subprocess.run([*npm, f"--before={as_of}", *pinned], check=True)
        return ["node"], {"NODE_PATH": str(folder / "node_modules")}
    uv, venv = str(BIN / "uv"), folder / "venv"
    python = interpreter(program.get("python", "3.11"))
    subprocess.run([uv, "venv", "--quiet", "--python", python, venv], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", venv / "bin" / "python",
                    "--exclude-newer", as_of, *program["packages"]], check=True)  # fmt: skip
    environment = {
        "PYTHONPATH": str(HERE / "harness"),
        "PYTHONSAFEPATH": "1",  # a script is named after its program and must not hide it
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),  # programs keep settings and caches there
    }
    return [str(venv / "bin" / "python")], environment


def interpreter(version: str) -> str:
    """Return a Python of a version that runs: on the path, or one of pyenv's."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for folder in (*folders, *pyenv.glob(f"versions/{version}.*/bin")):
        python = folder / f"python{version}"
        # A shim of pyenv is there for every version and starts only those that are switched on.
        if python.exists():
            said = subprocess.run([python, "-V"], capture_output=True, check=False)
            if said.returncode == 0:
                return str(python)
    raise FileNotFoundError(f"no Python {version} on the path")


@contextmanager
def simulator(options: list[str], folder: Path) -> Iterator[dict[str, str]]:
    """Serve a simulator before the open of a session; yield its address as an environment."""
    command = [str(BIN / "daybook"), "simulator", "--seed", "7", "--symbols", "60",
               "--exit-with-parent", "--state", folder / "state"]  # fmt: skip
    with subprocess.Popen(
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "simulator").open("w"),
    ) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            yield {
                "FOREIGN_PORT": str(ready["tws_port"]),
                "FOREIGN_CONTROL": ready["http_url"],
                "FOREIGN_ACCOUNT": ready["account"],
            }
        finally:
            process.terminate()


def versions(log: Path) -> str:
    """Return the protocol versions that connections were given, as the wire's log tells."""
    found = set()
    for line in log.read_text().splitlines():
        frame = json.loads(line)
        if frame["way"] == "out" and frame["client"] is None and len(frame["fields"]) == 2:
            found.add(frame["fields"][0])
    return ", ".join(sorted(found & {"157", "178"})) or "-"


if __name__ == "__main__":
    raise SystemExit(main())
