"""Comparing as people need it: the same labels, few real rows, results that stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SKEWED = ("praise", "praise", "praise", "blame")
ARGS = ("--test", "test.jsonl", "--task", "mood.yaml", "--repeats", "2")


@pytest.fixture(autouse=True)
def data(mood, tmp_path, monkeypatch):
    """Balanced synthetic rows, and real and test rows of which three in four are praise."""
    monkeypatch.chdir(tmp_path)
    mood("syn.jsonl", 80, seed=1)
    mood("real.jsonl", 60, seed=2, labels=SKEWED)
    mood("test.jsonl", 40, seed=3, labels=SKEWED)


def kinds(results):
    return {(g["kind"], g["arm"]): g["rows"] for g in results["parts"][0]["groups"]}


@pytest.mark.whole
def test_a_test_on_a_runs_own_examples_is_called_so(works):
    """By `compare` as by `analyze`: the rows imitate them."""
    half = Path("test.jsonl").read_text().splitlines()[:10]
    Path("shown.jsonl").write_text("\n".join([*half, *Path("real.jsonl").read_text().splitlines()]))
    words = ("-n", 12, "-b", "scripted", "--examples", "shown.jsonl", "--out", "run", "-q")
    works("generate", "mood.yaml", *words)
    done = works("compare", "run", *ARGS)
    assert "10 of the 40 test rows were examples of run, whose rows imitate them" in done.err
    done = works("analyze", "run", "--against", "test.jsonl", "--metric", "differences")
    assert "were examples of run, whose rows imitate them. Measure against other rows." in done.out
    done = works("compare", "syn.jsonl", *ARGS)
    assert "were examples of" not in done.err


def test_arms_are_matched_by_labels_where_their_shares_differ(targen, mood):
    mood("more.jsonl", 60, seed=5)
    for real, expected in (
        # Of praise the synthetic rows have fewest, 40; of blame the real ones, 15.
        ("real", {("labels", "real"): 55, ("labels", "syn"): 55}),
        ("more", {("matched", "more"): 60, ("matched", "syn"): 60}),
    ):
        arms = (f"{real}.jsonl", "syn.jsonl", *ARGS, "--apart")
        assert kinds(targen("compare", *arms, "--json").json) == {
            **expected, ("natural", real): 60, ("natural", "syn"): 80,
        }  # fmt: skip
    assert "praise 75%, blame 25%" in Path("comparisons/real-syn/results.md").read_text()


def test_a_curve_of_few_real_rows_alone_and_with_synthetic_ones(works):
    words = ("--real", "real.jsonl", "--curve", "0,2,5,100,200", "--trainer", "tfidf")
    done = works("compare", "syn.jsonl", *ARGS, *words)
    (part,) = json.loads(Path("comparisons/real-syn/results.json").read_text())["parts"]
    few = part["few"]
    # Of blame there are 15, and of praise 45: 100 and 200 would be all of them.
    assert [(each["each"], each["rows"]) for each in few] == [(0, 0), (2, 4), (5, 10), (45, 60)]
    assert few[0]["alone"] is None
    assert few[1]["difference"]["value"] == pytest.approx(
        few[1]["both"]["value"] - few[1]["alone"]["value"]
    )
    # One word tells the label: 80 rows have taught it, and 4 have not.
    assert few[0]["both"]["value"] == 1.0
    assert few[1]["difference"]["low"] > 0
    assert few[1]["alone"]["low"] < few[1]["alone"]["value"] < few[1]["alone"]["high"]
    assert "real rows per label" in done.out
    assert "adding synthetic rows to 2 real rows per label changes accuracy by +" in done.out
    page = Path("comparisons/real-syn/results.html").read_text()
    assert page.count("<svg") == 1
    assert ">45</t" in page
    assert "the curve ends at 45 instead of 200, because real has at most 45 per label" in page
    short = works("compare", "syn.jsonl", *ARGS, "--curve", "16,500").err
    assert "does not show 500, because the largest arm has 80 rows" in short
    assert "0 of " in works("compare", "syn.jsonl", *ARGS, *words).err
