"""Whatever a command prints passes `flows.terminal.output`, where strangers' text is made safe."""

import ast

import pytest

from tests.architecture.source_tree import nodes, of_rooms

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
    for node in nodes(source):
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
    found = {name: printers(source) for name, source in of_rooms(ROOMS).items()}
    assert {name: how for name, how in found.items() if how and name not in EXIT} == {}
