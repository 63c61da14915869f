"""What people read uses the terms of docs/glossary.md, not the words that they replace."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source_tree import ROOMS, ROOT, nodes, of_rooms

# What people no longer read, and what they read instead.
REPLACED = {
    r"finish line": "order cut-off",
    r"\(s\)(?!\w)": "what `core.text.counts.count` writes",
    r"emergency stop": "kill switch",
    r"rehears": "what-if",
    r"\bjournal head\b|\bentry \d+, head\b": "latest hash",
    r"\brow 0\b": "entry 0",
    r"\borders? (?:may |can )?leaves?\b|\bno order leave": "orders are sent",
    r"\borders? that (?:still )?works?\b|\bnone works\b": "open orders",
    r"\bmade[- ]up\b": "synthetic",
    r"\banew\b": "again",
    r"\bnobody\b": "what is missing: no approval, no bid",
    r"\bstrangers?\b": "text from outside",
    r"\bunknown to the vendor\b": "without fundamentals",
    r"\bis no (?:date|name|price|symbol|number)\b": "is not a date",
    r"\bthe house\b": "daybook, the code",
}
PATTERN = re.compile("|".join(REPLACED), re.IGNORECASE)
HELP = ("flows/cli.py", "flows/commands/", "agent/tools/")  # their docstrings are shown as help
# Names on disk of earlier versions, and the names of artefacts and fields.
KEPT = {"argument(s)", "finish line", "emergency stop", "rehearse", "rehearsal"}


def texts() -> Iterator[tuple[str, str]]:
    """Yield documents and templates with where they are, without what stands in backticks."""
    documents = [*ROOT.glob("*.md"), ROOT / "prefect.yaml", ROOT / "Makefile"]
    for folder in ("docs", "data", "reports", "findings"):
        documents += (ROOT / folder).rglob("*.md" if folder == "docs" else "README.md")
    documents += (ROOT / "review" / "templates").glob("*.j2")
    for path in documents:
        yield str(path.relative_to(ROOT)), re.sub(r"`[^`]*`|\{[{%].*?[}%]\}", "", path.read_text())


def strings() -> Iterator[tuple[str, str]]:
    """Yield what the code says: its strings, and the docstrings that are shown as help."""
    for name, source in of_rooms(ROOMS).items():
        if PATTERN.search(source) is None:
            continue
        docs = {id(node.value) for node in nodes(source) if isinstance(node, ast.Expr)}
        for node in nodes(source):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if node.value not in KEPT and (id(node) not in docs or name.startswith(HELP)):
                yield f"{name}:{node.lineno}", node.value


def test_no_text_that_people_read_uses_a_word_that_the_glossary_replaces():
    allowed = re.compile(r'(?:"finish line"|a rehearsal;)')  # the changelog names what was renamed
    found = [
        f"{where}: {match.group()!r}"
        for where, text in [*texts(), *strings()]
        for match in PATTERN.finditer(allowed.sub("", " ".join(text.split())))
    ]
    assert found == []


def test_the_words_are_found_where_they_stand():
    bad = ("the finish line passed", "no order leaves", "2026-99-99 is no date", "Orders that work")
    assert all(PATTERN.search(words) for words in bad)
