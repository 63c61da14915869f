"""Text of strangers, made safe once: for every screen, page, message, file and answer.

Company names, headlines, the broker's and the vendors' words, approvers and reasons are data. No
exit writes them raw. What goes: control characters with the escape sequences they begin, C1
controls, bidirectional overrides, zero-width and other invisible characters, line and paragraph
separators, half characters, and piles of combining marks. What is removed leaves no mark, so text
that was harmless stays byte for byte what it was.

========== ========================================================== ======================
function   result                                                     for
========== ========================================================== ======================
one_line   one line, cut with an ellipsis                             screens, pages, Slack
folded     one line, full-width and other look-alike forms folded     searching, agents
plain      the same without markup and entities                       feeds
lines      several lines, otherwise as `one_line`                     whole outputs, logs
json_text  JSON with what is invisible escaped; it reads back the same `--json`
markdown   one line that markdown shows as it is                      Prefect
csv_cell   one line that no spreadsheet takes for a formula           CSV
========== ========================================================== ======================
"""

from __future__ import annotations

import html
import re
import unicodedata

LINE = 200  # characters: what a line of a page or screen has room for
PARAGRAPH = 500  # what a feed's title or a broker's message may say
MARKS = 4  # combining marks on one letter; no script in use needs more

# A tag starts with a letter, a slash or a bang: "P/E < 10 and > 5" is not markup.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
# Default-ignorable code points outside category C (Unicode, DerivedCoreProperties.txt) and the
# empty Braille cell: letters and marks that show nothing, with which a word is broken up unseen.
_BLANKS = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)).union(
    range(0x180B, 0x1810),  # Mongolian variation selectors
    range(0xFE00, 0xFE10),  # variation selectors
    range(0xE0100, 0xE01F0),
)
_FORMULA = re.compile(r"[=@]|[+-](?![0-9.]+([eE][+-]?[0-9]+)?$)")  # but numbers
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>()#!|~&:@])")


def one_line(text: str, limit: int | None = LINE) -> str:
    """Return one line of visible characters; a longer one ends with an ellipsis."""
    flat = " ".join(_visible(_begun(text, limit)).split())
    return flat if limit is None or len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def folded(text: str, limit: int = LINE) -> str:
    """Return one line in which compatibility forms cannot hide a word (NFKC); cut, not marked."""
    visible = _visible(_begun(text, limit))
    # Folding makes an invisible letter of another one (U+3164, U+FFA0): hence once more.
    flat = _visible(unicodedata.normalize("NFKC", visible))
    return " ".join(flat.split())[:limit].rstrip()


def plain(text: str, limit: int = PARAGRAPH) -> str:
    """Return one folded line without markup, entities resolved."""
    return folded(_TAG.sub(" ", html.unescape(_TAG.sub(" ", _begun(text, limit)))), limit)


def lines(text: str) -> str:
    """Return the text with its line breaks and tabs, and nothing else that is invisible."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "\n".join(
        "\t".join(_visible(part) for part in line.split("\t"))
        for line in text.replace("\r\n", "\n").split("\n")
    )


def json_text(text: str) -> str:
    r"""Return JSON in which every invisible character is written as ``\uXXXX``."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or _is_visible(c) else _escaped(c) for c in text)


def markdown(text: str, limit: int = LINE) -> str:
    """Return one line in which markdown and HTML have no meaning and no address is a link."""
    return _ACTIVE.sub(r"\\\1", one_line(text, limit)).replace("www.", "www\\.")


def csv_cell(text: str) -> str:
    """Return one line; where a spreadsheet would compute it, it starts with an apostrophe."""
    flat = one_line(text, None)
    return f"'{flat}" if _FORMULA.match(flat) else flat


def _begun(text: str, limit: int | None) -> str:
    # The work is bounded as well: what is cut would not be shown.
    return text if limit is None else text[: 8 * limit]


def _is_visible(character: str) -> bool:
    return character.isprintable() and ord(character) not in _BLANKS


def _visible(text: str) -> str:
    """Drop what cannot be seen; of what parts words, a blank stays."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        if not _is_visible(character):
            if character.isspace():
                kept.append(" ")
            continue
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= MARKS:
            kept.append(character)
    return "".join(kept)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
