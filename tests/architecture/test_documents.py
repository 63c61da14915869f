"""What a document names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]  # fmt: skip
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"data", "reports"}


def paths_in(text):
    """Yield the paths in backticks: what begins with a folder of the checkout."""
    for quoted in re.findall(r"`([\w./*-]+/[\w./*-]*)`", text):
        if quoted.split("/")[0] in FOLDERS:
            yield quoted


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(document):
    text = (ROOT / document).read_text()
    assert [
        path for path in paths_in(text) if not [*ROOT.glob(path.rstrip("/").replace("NAME", "*"))]
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_to_a_file(document):
    here = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / document).read_text())
    assert [link for link in links if not (here / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_of_make_that_a_document_names_is_there(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))
    assert named - targets == set()


def test_a_path_that_is_not_there_would_be_seen():
    assert [*paths_in("`risk/gate.py` and `risk/nowhere.py`, `pyproject.toml`, `a/b`")] == [
        "risk/gate.py",
        "risk/nowhere.py",
    ]
