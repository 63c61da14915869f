"""Help pages, and the modules that they do without."""

import ast
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import app

ROOT = Path(__file__).resolve().parents[2]


def pages(command, words=()):
    """Yield the words of every command and of every group of commands."""
    yield words
    for name, each in getattr(command, "commands", {}).items():
        yield from pages(each, (*words, name))


def checked(module):
    """Return what a module imports for type checkers, by local name."""
    block = next(
        node
        for node in module.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    found = {}
    for node in block.body:
        for alias in node.names:
            package = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            found[alias.asname or alias.name] = package + alias.name
    # `lazy` stands for modules: what is imported only as a type has no lazy module.
    lazies = {
        node.targets[0].id: node.value.args[0].value
        for node in block.orelse
        if isinstance(node, ast.Assign)
    }
    return found, lazies


ALL = [
    words
    for words in pages(typer.main.get_command(app))
    if words != ("simulator",)  # its help is the simulator's own
]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_a_help_page_that_says_what_it_does(words):
    shown = CliRunner().invoke(app, [*words, "--help"], prog_name="daybook")
    assert shown.exit_code == 0
    usage, _, described = shown.output.partition("\n\n")
    assert usage.startswith(f"Usage: {' '.join(['daybook', *words])} ")
    assert described.strip().partition("\n")[0].strip()[0].isupper()
    assert "-h, --help" in shown.output


def test_the_commands_are_listed_in_groups_with_whole_sentences():
    shown = CliRunner().invoke(app, ["--help"], prog_name="daybook").output
    kill_switch = shown.partition("Kill switch:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in kill_switch.splitlines()] == ["stop", "resume"]
    assert "Halt trading and cancel all open orders." in kill_switch
    assert "..." not in shown.partition("Examples:")[0].partition("Daily run:")[2]
    assert "daybook why AAPL" in shown.partition("Examples:")[2]


@pytest.mark.parametrize(
    "path",
    [p for p in (ROOT / "flows").rglob("*.py") if "= lazy(" in p.read_text()],
    ids=lambda path: path.stem,
)
def test_a_lazy_module_is_the_one_that_type_checkers_see(path):
    seen, lazies = checked(ast.parse(path.read_text()))
    assert lazies
    assert {name: seen[name] for name in lazies} == lazies
