"""What looks wrong with a run's rows: made-up reports, and texts that are measured."""

from __future__ import annotations

import pytest

from targen_standard.reporting.concerns import concerns as concerns_of
from targen_standard.reporting.concerns import text_figures

from ...files import write_lines
from ...tables import table


def flow(label, kept=0, *, changed=None, surplus=None, rejected=None, duplicate=0, reasons=None):
    accepted = {label: kept, **(changed or {})}
    places = (accepted, surplus or {}, rejected or {})
    return {
        "judged": sum(sum(place.values()) for place in places) + duplicate,
        "accepted": accepted,
        "surplus": surplus or {},
        "rejected": rejected or {},
        "duplicate": duplicate,
        "reasons": reasons or {},
    }


def report(yes, no=None, *, rows=None, requested=40, texts=None, **more):
    no = no or flow("no", 40)
    return {
        "status": "complete",
        "balance": "final",
        "corrected": True,
        "rows": rows or {"yes": 40, "no": 40},
        "requested": {"yes": requested, "no": requested},
        "given_up": [],
        "flow": {"yes": yes, "no": no},
        "branches": {"yes": "yes", "no": "no"},
        "models": {"contexts": "other-70b", "generate": "writer"},
        **({"texts": texts} if texts else {}),
        **more,
    }


def column(low, middle, high, *, texts=80, distinct=80):
    figures = {"texts": texts, "distinct": distinct, "words": [low, middle, high]}
    return {"rows": texts, "repeated": 0, "columns": {"premise": figures}}


GOOD = flow("yes", 40)

OPEN = {"yes": None, "no": "no"}
"""Branches; rows of the first get their label in step 4."""
STOPPED = {"status": "stopped"}
REPORTS = {
    "changed": report(flow("yes", 10, surplus={"no": 60}), flow("no", 40, surplus={"yes": 20})),
    "rejected": report(flow("yes", 40, rejected={"correct": 90})),
    "all open ones": report(
        flow("any", 10, changed={"relabelled": 70}), flow("no", 10), branches=OPEN
    ),
    "given up": report(
        flow("yes", 3, rejected={"check": 50}), rows={"yes": 3, "no": 40}, given_up=["yes"]
    ),
    "half empty": report(flow("yes", 15), rows={"yes": 15, "no": 40}, **STOPPED),
    "a tenth of the yield": report(flow("yes", 40, rejected={"filter": 500})),
    "near-duplicates": report(flow("yes", 40, duplicate=40)),
    "rows that repeat": report(GOOD, texts={"rows": 80, "repeated": 8, "columns": {}}),
    "even lengths": report(GOOD, texts=column(19, 20, 21)),
    "the same length": report(GOOD, texts=column(20, 20, 20)),
    "lengths at a limit": report(GOOD, texts=column(30, 49, 49)),
    "replies that are not usable": report(
        flow("yes", 5, rejected={"generate": 60}, reasons={"malformed-reply": 60}),
        flow("no", 5, rejected={"check": 60}),
    ),
}
CONCERNS = """
    changed | disagreement | of 130 candidates, step 4 relabelled 80 and rejected 0 (62% in total)
    rejected | disagreement | of 170 candidates, step 4 relabelled 0 and rejected 90
    all open ones | disagreement | of 90 candidates, step 4 relabelled 70
    given up | starved-label | yes has 3 of 40 rows and was given up
    half empty | starved-label | yes has 15 of 40 rows
    a tenth of the yield | starved-label | 40 of 540 candidates for yes fit the label, compared with 100%
    near-duplicates | repeats | 40 of 80 candidates for yes (50%) nearly repeat a row
    rows that repeat | repeats | 8 of 80 rows repeat another row exactly
    even lengths | even-lengths | 80% of the texts in premise have 19 to 21 words
    the same length | even-lengths | 80% of the texts in premise have 20 words
    lengths at a limit | even-lengths | half of the texts in premise have about 49 words
    replies that are not usable | weak-model | step 3 rejected 120 of 130 candidates by writer because the task cannot use them (most
"""  # noqa: E501
FINE = {
    "relabelled where labels are open": report(
        flow("any", 10, changed={"relabelled": 30}), branches=OPEN
    ),
    "no step 4": report(flow("yes", 40, rejected={"correct": 90}), corrected=False),
    "a label that step 4 finds": report(flow("yes", 10, changed={"no": 90}), branches=OPEN),
    "too few to tell": report(flow("yes", 2, changed={"no": 4}), flow("no", 3)),
    "half empty, and calls wait for answers": report(
        flow("yes", 15), rows={"yes": 15, "no": 40}, given_answers=True, **STOPPED
    ),
    "both half empty": report(
        flow("yes", 15), flow("no", 15), rows={"yes": 15, "no": 15}, **STOPPED
    ),
    "complete at half of the yield": report(flow("yes", 40, rejected={"check": 40})),
    "some near-duplicates": report(flow("yes", 40, duplicate=10)),
    "lengths that differ": report(GOOD, texts=column(19, 20, 22)),
    "short texts": report(GOOD, texts=column(5, 5, 5)),
    "few texts": report(GOOD, texts=column(20, 20, 20, texts=20, distinct=20)),
    "an instruction in all rows": report(GOOD, texts=column(20, 20, 20, distinct=1)),
    "nearly a third usable": report(flow("yes", 20, rejected={"generate": 40}), flow("no", 20)),
    "a report of before": {**report(GOOD), "branches": {}},
}


@pytest.mark.parametrize(("name", "kind", "words"), table(CONCERNS))
def test_a_report_gives_this_concern(name, kind, words):
    first, *_ = concerns_of(REPORTS[name])
    assert (first.kind, words in first.message, bool(str(first.hint))) == (kind, True, True)


@pytest.mark.parametrize("name", FINE)
def test_a_report_gives_no_concern(name):
    assert concerns_of(FINE[name]) == []


def write(path, texts):
    rows = ({"idx": number, "text": text, "label": "yes"} for number, text in enumerate(texts))
    return write_lines(path, rows)


def test_texts_are_measured(tmp_path):
    texts = ["one two", *["one two three"] * 8, "one", "of a later run"]
    path = write(tmp_path / "dataset.jsonl", texts)
    assert text_figures(path, 10) == {
        "rows": 10,
        "repeated": 7,
        "columns": {
            "text": {"texts": 10, "distinct": 3, "words": [2, 3, 3]},
            "label": {"texts": 10, "distinct": 1, "words": [1, 1, 1]},
        },
    }
