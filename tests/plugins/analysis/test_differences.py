"""How synthetic rows differ from real ones: planted, and found where they were planted."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest

from targen_analysis.data.corpus import read_corpus
from targen_analysis.differences.metric import DIFFERENCES
from targen_analysis.folds import folds_of, groups_of
from targen_core import analyze, load_registry
from tests.files import lines

pytest.importorskip("sklearn")

PLACES = "harbour orchard library stadium kitchen chapel factory meadow tunnel theatre".split()
DEEDS = "closed opened flooded reopened burned moved expanded vanished collapsed returned".split()


def real(count, seed=0):
    """Short questions about ten places, alike in form."""
    rng = random.Random(seed)

    def said():
        name = "".join(rng.choices("abcdefghiklmnoprstuvw", k=9))
        return (
            f"Which {rng.choice(PLACES)} {rng.choice(DEEDS)} after the {name} {rng.choice(PLACES)}?"
        )

    return [said() for _ in range(count)]


def measure(study, **options):
    return DIFFERENCES.measure(study, DIFFERENCES.options(**options))


def features(findings):
    return {row[0]: row for row in findings.tables[0].rows}


def test_rows_of_one_source_are_not_told_apart(corpus, study):
    findings = measure(study(corpus(real(120)), against=corpus(real(120, 1), name="real")))
    figures = findings.figures["mine"]
    for way in ("words", "form"):
        area = figures[f"AUC from {way}"]
        assert area.low <= 0.5 <= area.high or area.value < 0.65
    assert figures["near copies"].value == 0
    assert abs(figures["words"].value - findings.figures["real"]["words"].value) < 0.5


def test_a_planted_habit_is_named_first_with_both_shares(corpus, study):
    mine = [
        f"Mr. Tanaka wrote to us. {text}" if at % 10 else text for at, text in enumerate(real(120))
    ]
    findings = measure(study(corpus(mine), against=corpus(real(120, 1), name="real")))
    assert findings.figures["mine"]["AUC from form"].low > 0.85
    row = features(findings)["contain a statement and a question"]
    assert (row[1].value, row[2].value) == (0.9, 0.0)
    assert row[3].low > 0.75
    assert len(features(findings)) <= 10
    assert any(
        "90% of the rows of mine" in line and "0% of real" in line for line in findings.headlines
    )
    lengths = next(line for line in findings.headlines if "words (sd" in line)
    assert "On average, a row of mine has" in lengths
    assert "a row of real has 7.0" in lengths


def test_features_of_each_text_name_it(corpus, study):
    fields = ("premise", "hypothesis")
    pairs = [(one, two.rstrip("?")) for one, two in zip(real(90), real(90, 2), strict=True)]
    other = list(zip(real(90, 3), real(90, 4), strict=True))
    findings = measure(
        study(corpus(pairs, fields=fields), against=corpus(other, fields=fields, name="real"))
    )
    row = features(findings)["contain a question mark in the hypothesis"]
    assert (row[1].value, row[2].value) == (0.0, 1.0)
    assert not any(name.endswith("in the premise") for name in features(findings))


def test_a_subject_that_is_missing_is_named(corpus, study):
    rng = random.Random(9)

    def about(count, subject, *verbs):
        return [f"{subject} {' '.join(rng.sample(verbs, 3))}." for _ in range(count)]

    sea = "dive swim sing breach feed migrate calve surface".split()
    rail = "depart brake shunt couple arrive signal idle reverse".split()
    real_rows = [*about(60, "Humpback whales", *sea), *about(60, "Freight trains", *rail)]
    mine = about(60, "Freight trains", *rail)
    findings = measure(study(corpus(mine), against=corpus(real_rows, name="real")))
    gaps = next(table for table in findings.tables if "lacks" in table.title)
    assert {*"humpback whales dive swim sing breach feed migrate calve surface".split()} & {
        *gaps.rows[0][0].split(", ")
    }
    figures = findings.figures["mine"]
    assert (
        figures["clusters with rows"].value < figures["clusters with rows, other real rows"].value
    )


def test_no_more_subjects_are_named_than_there_are_clusters(corpus, study):
    subjects = ("red cats sleep on mats", "old ships sail to ports", "tall trees lose leaves")
    theirs = [f"{subject} {n}." for subject in subjects for n in range(8)]
    mine = [f"Parcel {n} has not arrived {n} yet." for n in range(40)]
    findings = measure(study(corpus(mine), against=corpus(theirs, name="real")))
    said = next(line for line in findings.headlines if "clusters of real" in line)
    gaps = next(table for table in findings.tables if "lacks" in table.title)
    assert 0 < len(gaps.rows) <= int(re.search(r"about (\d+) clusters", said)[1])


def test_near_copies_are_counted_and_shown(corpus, study):
    theirs = real(60, 1)
    mine = [*real(40), theirs[7].upper(), *(text.replace("Which", "What") for text in theirs[:5])]
    findings = measure(study(corpus(mine), against=corpus(theirs, name="real")))
    assert findings.figures["mine"]["near copies"].value == pytest.approx(6 / 46)
    assert findings.tables[-1].rows[0] == (theirs[7].upper(), theirs[7])


def test_rows_of_one_premise_are_one_draw(corpus, study):
    """Twenty premises of twelve rows each know as little as twenty rows, or a little more."""
    fields = ("premise", "hypothesis")
    rng = random.Random(3)
    few = [
        (f"{premise} Perhaps it did." if at % 2 else premise, f"Number {rng.random()} won.")
        for at, premise in enumerate(real(20, 5))
        for _ in range(12)
    ]
    many = [
        (f"{premise} Perhaps it did." if at % 2 else premise, f"Number {rng.random()} won.")
        for at, premise in enumerate(real(240, 5))
    ]
    other = corpus(
        [(premise, f"Number {rng.random()} won.") for premise in real(240, 6)],
        fields=fields,
        name="real",
    )
    of_few, of_many = (
        measure(study(corpus(rows, fields=fields), against=other)) for rows in (few, many)
    )
    shares = [
        features(findings)["contain a statement and a question in the premise"][1]
        for findings in (of_few, of_many)
    ]
    assert shares[0].high - shares[0].low > 2.5 * (shares[1].high - shares[1].low)
    assert not any("little evidence" in line for line in of_many.headlines)
    assert any("mine has only 20 independent rows" in line for line in of_few.headlines)


def test_premises_and_constant_texts_make_groups(corpus):
    shared = [("The same long premise stands here.", f"claim {at}") for at in range(3)]
    asked = [
        (f"Another long premise is number {at}.", "What was the cause of it?") for at in range(60)
    ]
    groups = groups_of(corpus([*shared, *asked], fields=("premise", "hypothesis")))
    assert len(set(groups[:3])) == 1
    assert len(set(groups)) == 61  # what all rows ask ties none together
    folds = folds_of(groups.tolist(), ["x"] * len(groups), count=5, seed=0)
    assert len(set(folds[:3])) == 1


@pytest.mark.whole
def test_a_run_knows_which_rows_share_a_seed(works):
    works("generate rte -n 24 -b scripted --out run -q")
    seeds = [record["id"].partition("/")[0] for record in lines("run/provenance.jsonl")]
    groups = groups_of(read_corpus(load_registry(), Path("run")))
    same = np.equal.outer(groups, groups)
    for at, seed in enumerate(seeds):
        assert all(same[at][other] for other, its in enumerate(seeds) if its == seed)


def test_the_report_opens_with_the_differences_in_every_form(targen, jsonl, tmp_path):
    mine = jsonl("mine.jsonl", [{"text": f"{text[:-1]} perhaps?"} for text in real(60)])
    other = jsonl("real.jsonl", [{"text": text} for text in real(60, 1)])
    done = targen("analyze", mine, "--against", other, "--metric", "differences", "--metric",
                  "lexical", "-o", "lexical.replicates=5")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    hedge = "contain a hedge (may, perhaps, seems …)"
    assert done.out.index("A classifier distinguishes rows of mine") < done.out.index(hedge)
    assert done.out.index(hedge) < done.out.index("how to read it")
    assert done.out.count("Features that distinguish mine from real") == 1
    folder = tmp_path / "analyses" / "mine"
    page = (folder / "report.html").read_text()
    assert page.index("Features that distinguish mine from real") < page.index("<h2>Summary")
    text = (folder / "report.md").read_text()
    assert text.index("A classifier distinguishes") < text.index(
        "## Features that distinguish mine from real"
    )
    found = json.loads((folder / "analysis.json").read_text())["metrics"]
    table = found["targen-analysis:differences"]["findings"]["tables"][0]
    assert hedge in [row[0] for row in table["rows"]]
    analysis = analyze(mine, against=other, metrics="differences")
    assert f"| {hedge} |" in analysis.as_markdown()
    assert next(iter(found)) == "targen-analysis:differences"


def test_few_rows_are_said_to_be_few(corpus, study):
    findings = measure(study(corpus(real(12)), against=corpus(real(12, 1), name="real")))
    assert any("little evidence" in line for line in findings.headlines)
    tiny = measure(study(corpus(real(4)), against=corpus(real(4, 1), name="real")))
    assert not any(name.startswith("AUC") for name in tiny.figures["mine"])
    assert any("too few" in note for note in tiny.notes)


def test_an_embedder_is_used_or_named_as_missing(corpus, study):
    rows = study(corpus(real(60)), against=corpus(real(60, 1), name="real"))
    assert "AUC from vectors" in measure(rows, embedder="words").figures["mine"]
    lacking = measure(rows, embedder="nobody-has-it")
    assert "AUC from vectors" not in lacking.figures["mine"]
    assert any(note.startswith("AUC based on embeddings was left out: ") for note in lacking.notes)
