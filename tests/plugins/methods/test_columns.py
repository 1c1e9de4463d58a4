"""What `Columns.check` refuses of rows that any method wrote."""

from __future__ import annotations

import contextlib

import pytest

from targen_core import Rejected
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns

PLAIN = "The ferry was late again."
TWO = "The ferry was late again. Nobody had waited for it!"
OVER = "and it is also a fact, " * 8
ROWS = [
    # A row of two texts does not speak of itself.
    ("kit-pairs", (PLAIN, "Nobody had waited for it."), ""),
    ("kit-pairs", (PLAIN, "The answer follows from the question."), "meta-text"),
    ("kit-pairs", ("This question is agrees.", PLAIN), "meta-text"),
    ("kit-pairs", (PLAIN, "That is not the question."), ""),  # people say so, too
    # It does not say the same over and over.
    ("kit-pairs", (PLAIN, OVER), "repetitive"),
    ("kit-texts", (OVER,), "repetitive"),
    # It does more than announce a text; the first one may be given.
    ("kit-pairs", (PLAIN, "An answer with all of these words:"), "unfinished"),
    ("kit-pairs", ("He asked:", PLAIN), ""),
    # Whole sentences of the other text are no text; a clause is one, as of CB.
    ("kit-pairs", (TWO, "Nobody had waited for it."), "copy-of-sentence"),
    ("kit-pairs", (TWO, "nobody had waited for it; the ferry was late"), ""),
    ("kit-pairs", (TWO, "The ferry was late"), ""),
    ("kit-pairs", ("渡船又晚了。没有人等它。", "没有人等它。"), "copy-of-sentence"),
]


@pytest.mark.parametrize(("base", "texts", "reason"), ROWS)
def test_a_row_is_refused_by_its_texts(base, texts, reason):
    columns = Columns.of(BASES[base].task(name=base))
    values = dict(zip(columns.texts, texts, strict=True))
    expected = pytest.raises(Rejected) if reason else contextlib.nullcontext()
    with expected as refused:
        columns.instance(values, columns.task.labels[0].name)
    assert not reason or refused.value.reason == reason
