"""Whatever a command prints passes `flows.terminal.output`, where strangers' text is made safe."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("agent", "core", "desk", "feeds", "flows", "ibkr", "journal", "optimiser", "review",
         "risk", "signals", "tasks")  # fmt: skip
# The one exit; and help, which is all ours.
EXIT = {"flows/terminal/output.py", "flows/terminal/options.py"}
PRINTS = {"print", "echo", "secho", "Console", "basicConfig", "print_exc", "print_exception"}


def printers(source):
    """Return what of a module prints by itself.

    A console's own ``print`` does not count: it is how the console was made that matters.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            name = called.rpartition(".")[2]
            if called == "print" or (name in PRINTS and name != "print"):
                found.add(called)
    return found


@pytest.mark.parametrize(
    "source", ["print(1)", "typer.echo(x)", "c = Console()", "logging.basicConfig()"]
)
def test_a_module_that_prints_by_itself_is_found(source):
    assert printers(source)
    assert not printers("console.print(text)")


def test_every_word_that_is_printed_leaves_through_one_place():
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix(): printers(path.read_text()) for path in files}
    assert {name: how for name, how in found.items() if how and name not in EXIT} == {}
