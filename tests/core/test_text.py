"""Text of others: what a terminal would obey becomes something to read."""

from __future__ import annotations

import json
import re

import markdown_it
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from targen_core.cli.markup import (
    markdown,
    markdown_prose,
    sheet_cell,
    sheet_text,
)
from targen_core.text import json_safe, printable

ODD = "\x00\x07\x1b\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ud800\udfff"
ODD += "\u200b\u200c\u200d\ufe0f\U000e0041\U000e0100\u3164👍葛"
TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from(ODD + "\r\n\t"))


def test_what_a_terminal_obeys_becomes_an_escape():
    assert printable("\x1b]52;c;eA==\x07") == "\\x1b]52;c;eA==\\x07"
    assert printable("a\u202eb\u2028c\ud83d\x9b2J\rd") == "a\\u202eb\\u2028c\\ud83d\\x9b2J\\x0dd"


def test_ordinary_text_stays():
    text = "Gefühl, 感情, עברית, 👩\u200d👧 and a\ttab\nand a line"
    assert printable(text) == text
    assert printable("a\r\nb") == "a\nb"
    assert printable("a\tb\n", lines=False) == "a\\tb\\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hi\U000e0041\U000e0042", "hi\\U000e0041\\U000e0042"),
        ("👍\ufe0f\ufe01\U000e0100", "👍\ufe0f\\ufe01\\U000e0100"),
        ("a\ufe0fb", "a\\ufe0fb"),
        ("a\u200bb\u200cc\u200dd\u2060\ufeff", "a\\u200bb\\u200cc\\u200dd\\u2060\\ufeff"),
        ("👩\u200dx\u200d", "👩\\u200dx\\u200d"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200c\u200cخواهم", "می\u200c\\u200cخواهم"),
        ("ක්\u200dෂ, র\u200d্য", "ක්\u200dෂ, র\u200d্য"),
        ("ខ្ញុំ\u200bទៅ\u200b\u200bx", "ខ្ញុំ\u200bទៅ\u200b\\u200bx"),
        ("葛\U000e0100城\U000e0100\U000e0101", "葛\U000e0100城\U000e0100\\U000e0101"),
        ("ok\u3164 soft\xadly", "ok\\u3164 soft\\xadly"),
        (
            "1\ufe0f\u20e3 ❤\ufe0f\u200d🔥 🏳\ufe0f\u200d🌈",
            "1\ufe0f\u20e3 ❤\ufe0f\u200d🔥 🏳\ufe0f\u200d🌈",
        ),
    ],
)
def test_what_nobody_sees_becomes_an_escape_unless_a_script_needs_it(text, shown):
    assert printable(text) == shown
    assert json.loads(json_safe(json.dumps(text, ensure_ascii=False))) == text


@given(st.recursive(TEXT | st.none(), lambda part: st.lists(part) | st.dictionaries(TEXT, part)))
def test_json_stays_the_same_value(value):
    safe = json_safe(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(safe) == value
    assert printable(safe) == safe


_MARKS = r"""` `` [a](b) ![ ](x) [x]: <b> <!-- http://x.y www.x.y a@b.c javascript:alert(1)
* _ ~~ | &lt; \ # = --- a $"""
MARKED = st.lists(st.sampled_from([" ", "\n", *_MARKS.split()]), max_size=12).map("".join)


def _kinds(source):
    """What a reader of Markdown finds in a text."""
    reader = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = reader.parse(source)
    return {kind.type for token in tokens for kind in (token, *(token.children or ()))}


@given(MARKED)
def test_no_text_becomes_a_link_or_html_in_markdown(text):
    plain = {"inline", "paragraph_open", "paragraph_close", "text", "text_special", "softbreak"}
    plain |= {"table", "thead", "tbody", "tr", "th", "td"}
    cells = {f"{kind}_{end}" for kind in plain for end in ("open", "close")}
    assert _kinds(f"- {markdown(text)} x").isdisjoint(
        {"link_open", "image", "html_inline", "em_open"}
    )
    assert _kinds(f"| a | b |\n|---|---|\n| {markdown(text)} | c |") <= plain | cells
    kinds = _kinds(f"# A title\n\n{markdown_prose(text)}")
    assert kinds.isdisjoint({"link_open", "image", "html_inline", "html_block", "s_open"})
    for escaped in (markdown(text), markdown_prose(text)):
        outside = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", escaped)
        assert not re.search(r"(?i)http://|www\.|\w@\w", outside)


CELLS = st.lists(st.sampled_from("' =+-@\t\r\n\uff1d\uff0b\uff0d\uff20a1"), max_size=6).map("".join)


@example("'=1")
@given(CELLS | st.text())
def test_a_cell_of_a_sheet_is_no_formula_and_gives_its_text_back(text):
    cell = sheet_cell(text)
    if not re.fullmatch(r"[+-]?[0-9.]+", cell):
        assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]", cell.lstrip(" "))
    assert sheet_text(cell) == text
    assert cell in (text, f"'{text}")
    if cell != text and not text.startswith("'"):
        assert sheet_text(text) == text, "a spreadsheet may drop the apostrophe"
