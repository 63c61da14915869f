import re

from tests.architecture.source_tree import (
    ROOT,
    circle,
    entries,
    functions,
    imports,
    of_folders,
    sources,
)

MOST_ENTRIES, MOST_LINES, LONGEST_FUNCTION = 20, 300, 40
PATH = re.compile(r"`((?:[a-z_]+/)+(?:[A-Za-z0-9_.-]+\.(?:py|toml|md|sh))?)`")
MADE_BY_RUNS = ("data/", "reports/")


def test_no_folder_holds_more_than_twenty_entries():
    assert {str(f): n for f, n in entries().items() if n > MOST_ENTRIES} == {}


def test_no_file_has_more_than_three_hundred_lines():
    lines = {path: text.count("\n") for path, text in sources().items()}
    assert {str(path): n for path, n in lines.items() if n > MOST_LINES} == {}


def test_no_function_has_more_than_forty_lines_besides_its_docstring():
    assert {where: n for where, n in functions() if n > LONGEST_FUNCTION} == {}


def test_no_modules_and_no_folders_import_each_other_in_a_circle():
    graph = imports()
    assert circle(graph) == []
    folders = of_folders(graph)
    assert {folder: found for folder in folders if (found := circle(folders[folder]))} == {}


def test_a_circle_is_found_where_there_is_one():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    graph = {"x.a.p": {"x.b.q"}, "x.b.q": set(), "x.b.r": {"x.a.s"}, "x.a.s": set()}
    assert circle(graph) == []
    assert circle(of_folders(graph)["x"]) == ["a", "b"]


def test_every_path_that_a_document_names_is_there():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        (document.name, path)
        for document in documents
        if document.name != "CHANGELOG.md"
        for path in PATH.findall(document.read_text())
        if (ROOT / path.partition("/")[0]).is_dir()  # others are told relative to a room
        and not path.startswith(MADE_BY_RUNS)
        and "NAME" not in path
    }
    assert len(named) > 50
    assert sorted(pair for pair in named if not (ROOT / pair[1]).exists()) == []
