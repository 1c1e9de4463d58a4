"""What `Columns.check` refuses of rows that any method wrote."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns


def refused(base: str, *texts: str) -> str:
    """The reason for which a row with these texts is refused, or ""."""
    columns = Columns.of(BASES[base].task(name=base))
    label = columns.task.labels[0].name
    try:
        columns.instance(dict(zip(columns.texts, texts, strict=True)), label)
    except Rejected as error:
        return error.reason
    return ""


def test_a_row_of_two_texts_does_not_speak_of_itself():
    columns = Columns.of(BASES["kit-pairs"].task(name="kit-pairs"))
    one, two = columns.texts
    label = columns.task.labels[0].name
    plain = "The ferry was late again."
    assert refused("kit-pairs", plain, "Nobody had waited for it.") == ""
    assert refused("kit-pairs", plain, f"The {two} follows from the {one}.") == "meta-text"
    assert refused("kit-pairs", f"This {one} is {label}.", plain) == "meta-text"
    assert refused("kit-pairs", plain, f"That is not the {one}.") == ""  # people say so, too


@pytest.mark.parametrize("base", ["kit-pairs", "kit-texts"])
def test_what_says_the_same_over_and_over_is_refused(base):
    others = ["The ferry was late again."] * (
        len(Columns.of(BASES[base].task(name=base)).texts) - 1
    )
    assert refused(base, *others, "and it is also a fact, " * 8) == "repetitive"


def test_a_text_that_only_announces_is_refused():
    plain = "The ferry was late again."
    assert refused("kit-pairs", plain, "An answer with all of these words:") == "unfinished"
    assert refused("kit-pairs", "He asked:", plain) == ""  # what stands before may be given


def test_whole_sentences_of_another_text_are_no_text():
    plain = "The ferry was late again. Nobody had waited for it!"
    assert refused("kit-pairs", plain, "Nobody had waited for it.") == "copy-of-sentence"
    assert refused("kit-pairs", plain, "nobody had waited for it; the ferry was late") == ""
    assert refused("kit-pairs", plain, "The ferry was late") == ""  # a clause, as of CB
    assert refused("kit-pairs", "渡船又晚了。没有人等它。", "没有人等它。") == "copy-of-sentence"
