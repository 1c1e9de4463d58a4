"""Table 7 of the paper: by hand on made-up texts, and to the unit on the originals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from targen_analysis.lexical.paper import PAPER_VOCABULARY
from targen_analysis.metrics import MetricOptions
from targen_analysis.texts import TEMPLATES, fill
from targen_core.dataset.source import open_source

pytest.importorskip("spacy")

ORIGINALS = Path(__file__).parents[4] / "shared" / "data" / "superglue"


def figures(study):
    findings = PAPER_VOCABULARY.measure(study, MetricOptions())
    return findings, {name: each.value for name, each in findings.figures["mine"].items()}


def test_by_hand(corpus, study):
    # Kept of the first: Dogs bark . dogs; of the second: Dogs , cats -- "the", "and",
    # "at" and "The" are stop words, whatever their case.
    _, values = figures(study(corpus(["Dogs bark at the dogs. The", "Dogs, and cats,"])))
    assert values["sum of unique non-stop tokens"] == 4 + 3
    assert values["a text"] == 3.5
    assert values["vocabulary"] == 6  # Dogs bark . dogs , cats
    assert values["sum without template"] == 7
    assert values["share of template words"] == 0


def test_words_of_the_template_are_told_apart(as_paper, study):
    mine = as_paper("cb", [{"premise": "Rain fell.", "hypothesis": "Rain: wet."}])
    _, values = figures(study(mine))
    # Premise : Rain fell . Hypothesis wet (and the line feed, a token of its own).
    assert values["sum of unique non-stop tokens"] == 8
    # Rain fell . : wet: the colon stands in the hypothesis too, so it is no loss.
    assert values["sum without template"] == 5
    assert values["share of template words"] == pytest.approx(3 / 8)
    assert values["vocabulary"] == 5


@pytest.fixture
def as_paper(corpus):
    """Rows as a task's template shows them; the task itself need not be installed."""

    def make(task, rows):
        named = SimpleNamespace(name=task, labels=())
        shown = corpus([fill(TEMPLATES[task], row) for row in rows], task=named)
        return replace(shown, rows=rows)

    return make


ROWS = {
    "cb": ("CB/train.jsonl", None, 6_414, 0.14),
    "rte": ("RTE/train.jsonl", None, 79_174, 0.125),
    "wic": ("WiC/train.jsonl", 4_843, 65_841, 0.44),
    "axg": ("AX-g/AX-g.jsonl", 284, 3_232, 0.26),
    "copa": ("COPA/train.jsonl", None, 5_132, None),
    "wsc": ("WSC/train.jsonl", None, 8_858, None),
}
"""A file, how many of its rows, what the paper prints, and the share of the template's words.

Where no share is given, the figure comes out within two per cent.
"""


@pytest.mark.skipif(not ORIGINALS.exists(), reason="the original datasets are not at hand")
@pytest.mark.parametrize("task", ROWS)
def test_the_row_of_the_originals_comes_out(task, as_paper, study):
    file, count, printed, share = ROWS[task]
    rows = open_source(ORIGINALS / file).rows()[:count]
    _, values = figures(study(as_paper(task, rows)))
    found = values["sum of unique non-stop tokens"]
    if share is None:
        assert found == pytest.approx(printed, rel=0.02)
    else:
        assert found == printed
        assert values["share of template words"] == pytest.approx(share, abs=0.01)
        assert values["vocabulary"] < printed
