import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.untrusted import csv_cell, folded, json_text, lines, markdown, one_line, plain

# One of each kind that does something to whoever reads it; none does harm here.
HIDDEN = {
    "colour": "\x1b[31m",
    "title": "\x1b]0;\x07",
    "C1 introducer": "\x9b",
    "bell and backspace": "\x07\x08",
    "right to left": "\u202e\u2066",
    "zero width": "\u200b\ufeff\u2060",
    "half a character": "\ud800",
    "tags": "\U000e0041",
    "variation selectors": "\ufe0f\U000e0101",
    "blank letters": "\u3164\uffa0\u115f\u034f",
    "empty Braille": "\u2800",
    "private use": "\ue000",
}
words = st.text(max_size=400)
hostile = st.lists(st.sampled_from(list(HIDDEN.values())) | words, max_size=6).map("".join)


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
def test_nothing_that_cannot_be_seen_parts_a_word(hidden):
    left = "".join(c for c in hidden if c.isascii() and c.isprintable())
    for cleaned in (one_line, folded, plain, lines, csv_cell):
        assert cleaned(f"bank{hidden}ruptcy") == f"bank{left}ruptcy"


@pytest.mark.parametrize("parting", ["\n", "\r\n", "\t", "\v", "\u2028", "\u2029", "\x85", "\xa0"])
def test_what_parts_lines_becomes_one_blank(parting):
    for cleaned in (one_line, folded, plain):
        assert cleaned(f" two{parting}{parting}words ") == "two words"


@given(hostile)
def test_a_line_is_short_visible_and_the_same_when_cleaned_again(text):
    for cleaned in (one_line, folded):
        shown = cleaned(text, 50)
        assert len(shown) <= 50
        assert shown.isprintable()
        assert cleaned(shown, 50) == shown


@given(hostile)
def test_markup_leaves_a_line_too(text):
    shown = plain(text, 50)
    assert len(shown) <= 50
    assert shown.isprintable()
    assert shown == plain(shown, 50) or "<" in shown or "&" in shown


@given(hostile)
def test_a_whole_output_keeps_its_lines_and_nothing_else_unseen(text):
    shown = lines(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert shown.count("\n") == text.count("\n")
    assert lines(shown) == shown


@given(st.recursive(hostile, lambda v: st.lists(v) | st.dictionaries(hostile, v), max_leaves=5))
def test_json_reads_back_the_same_with_nothing_unseen_in_it(value):
    shown = json_text(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(shown) == json.loads(json.dumps(value))
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "text", ["Société Générale S.A.", "Ørsted 12 % ↑", "日本電信電話", "हिन्दी", "ไทย", "A" * 200]
)
def test_harmless_text_of_any_script_stays_as_it_is(text):
    for cleaned in (one_line, lines, json_text, csv_cell):
        assert cleaned(text) == text


def test_marks_cannot_be_piled_up_and_length_is_bounded_before_the_work():
    assert len(one_line("e" + "\u0301" * 150)) == 5
    assert one_line("x" * 10_000_000) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>x</script>", "x"),
        ("P/E < 10 and > 5", "P/E < 10 and > 5"),
        ("\uff21\uff22\uff23", "ABC"),
        ("Acme &amp;lt;b&amp;gt; wins", "Acme &lt;b&gt; wins"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("pay \u202eFDP.exe\u2066\n\tnow\x1b[31m", "pay FDP.exe now[31m"),
    ],
)
def test_markup_and_look_alike_forms_are_made_plain(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[pay](javascript:x)",
        "![](https://vendor.example/pixel.png)",
        "<img src=x>",
        "https://vendor.example",
        "www.vendor.example",
        "a | b",
        "**bold** _it_ `code` ~~no~~",
        "somebody@vendor.example",
    ],
)
def test_markdown_shows_a_strangers_words_and_follows_none_of_them(text):
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
    (inline,) = [token for token in parser.parse(markdown(text)) if token.type == "inline"]
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children) == text
    assert "s://" not in markdown(text)
    assert "www.v" not in markdown(text)


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-1+1", "@x", "\t=1", "\r\n=1", "\u200b=1"])
def test_no_cell_is_a_formula(text):
    assert csv_cell(text)[0] == "'"


@pytest.mark.parametrize("number", ["-1", "+0.5", "-1.5e-07", "nan"])
def test_a_number_stays_a_number(number):
    assert csv_cell(number) == number


def test_no_folding_brings_back_what_cannot_be_seen():
    odd = "".join(map(chr, range(0x80, 0x3100)))
    assert all(unicodedata.category(c)[0] != "C" for c in folded(odd, 99_999))
