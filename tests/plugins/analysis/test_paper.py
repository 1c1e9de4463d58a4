"""Table 7 of the paper: by hand on made-up texts, and to the unit on the originals."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_analysis.data.columns import filled
from targen_analysis.data.known import TEMPLATES
from targen_analysis.lexical.paper import PAPER_VOCABULARY
from targen_analysis.metrics import Corpus, MetricOptions
from targen_standard.datasets.source import open_source

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


def test_words_of_the_template_are_told_apart(study):
    rows = [{"premise": "Rain fell.", "hypothesis": "Rain: wet."}]
    mine = as_paper("cb", "mine", rows)
    _, values = figures(study(mine))
    # Premise : Rain fell . Hypothesis wet (and the line feed, a token of its own).
    assert values["sum of unique non-stop tokens"] == 8
    # Rain fell . : wet: the colon stands in the hypothesis too, so it is no loss.
    assert values["sum without template"] == 5
    assert values["share of template words"] == pytest.approx(3 / 8)
    assert values["vocabulary"] == 5


def as_paper(task: str, name: str, rows) -> Corpus:
    """Rows as a task's template shows them; the task itself need not be installed."""

    class Named:
        def __init__(self, of: str) -> None:
            self.name, self.labels = of, ()

    shown = [filled(TEMPLATES[task], row) for row in rows]
    texts = [(text,) for text in shown]
    return Corpus(name, rows, ("text",), texts, [""] * len(rows), shown, task=Named(task))


EXACT = {
    "cb": ("CB/train.jsonl", None, 6_414),
    "rte": ("RTE/train.jsonl", None, 79_174),
    "wic": ("WiC/train.jsonl", 4_843, 65_841),
    "axg": ("AX-g/AX-g.jsonl", 284, 3_232),
}
NEAR = {"copa": ("COPA/train.jsonl", 5_132), "wsc": ("WSC/train.jsonl", 8_858)}


@pytest.mark.skipif(not ORIGINALS.exists(), reason="the original datasets are not at hand")
@pytest.mark.parametrize("task", EXACT)
def test_the_original_row_comes_out_to_the_unit(task, study):
    file, rows, expected = EXACT[task]
    findings, values = figures(
        study(as_paper(task, "mine", open_source(ORIGINALS / file).rows()[:rows]))
    )
    assert values["sum of unique non-stop tokens"] == expected
    assert findings.tables[1].rows[0][:2] == (task, expected)
    shares = {"wic": 0.44, "axg": 0.26, "cb": 0.14, "rte": 0.125}
    assert values["share of template words"] == pytest.approx(shares[task], abs=0.01)
    assert values["vocabulary"] < expected


@pytest.mark.skipif(not ORIGINALS.exists(), reason="the original datasets are not at hand")
@pytest.mark.parametrize("task", NEAR)
def test_two_come_out_within_two_per_cent(task, study):
    file, expected = NEAR[task]
    _, values = figures(study(as_paper(task, "mine", open_source(ORIGINALS / file).rows())))
    assert values["sum of unique non-stop tokens"] == pytest.approx(expected, rel=0.02)
