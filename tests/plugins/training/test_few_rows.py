"""Comparing as people need it: the same labels, few real rows, results that stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import targen_core
from targen_core.errors import UsageError
from targen_standard.task_files.model import Declaration
from targen_training.api import compare
from tests.files import lines

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


def test_results_of_other_test_rows_get_another_folder(targen, mood):
    assert targen("compare", "syn.jsonl", *ARGS).out.endswith("comparisons/syn/results.html\n")
    mood("other.jsonl", 30, seed=9)
    words = ("--test", "other.jsonl", "--task", "mood.yaml", "--repeats", "2")
    for _ in range(2):
        other = targen("compare", "syn.jsonl", *words)
        assert other.out.endswith("comparisons/syn-2/results.html\n")
    assert "0 of " in other.err


def test_compare_from_python(capsys):
    results = compare(
        {"Syn": "syn.jsonl"}, real=Path("real.jsonl"), test="test.jsonl", task="mood.yaml",
        repeats=2, trainers="tfidf", curve=[2, 5], out="c", progress=False,
    )  # fmt: skip
    assert capsys.readouterr() == ("", "")
    (part,) = results.parts
    assert [few.each for few in part.few] == [2, 5]
    assert part.few[1].both.low is not None
    assert results.folder == Path("c").absolute() and Path("c/results.html").exists()
    assert len(repr(replace(results, folder=Path("c")))) < 80
    assert "c/results.html" in repr(results)
    for shown in (str(results), results._repr_html_()):
        assert "real rows per label" in shown and "c/results.html" in shown


@pytest.mark.whole  # pandas
def test_compare_accepts_rows_in_memory():
    rows = {name: lines(f"{name}.jsonl") for name in ("syn", "real", "test")}
    pandas = pytest.importorskip("pandas")
    frames = {name: pandas.DataFrame(of) for name, of in rows.items()}
    task = Declaration.from_file("mood.yaml").task(name="mood")
    dataset = targen_core.read_dataset("syn.jsonl", task)
    options = {"real": frames["real"], "trainers": "tfidf", "repeats": 2}
    options |= {"together": False}
    figures = []
    for at, (syn, test, whose) in enumerate(
        [
            ("syn.jsonl", "test.jsonl", "mood.yaml"),
            (rows["syn"], rows["test"], Path("mood.yaml")),
            (frames["syn"], ["test.jsonl"], task),
            ([dataset], frames["test"], None),
        ]
    ):
        made = compare({"syn": syn}, test=test, task=whose, out=f"c{at}", **options)
        figures.append([(g.arm, g.kind, g.rows, g.figures) for g in made.parts[0].groups])
    assert len(figures[0]) == 4 and all(each == figures[0] for each in figures)
    both = compare({"syn": [rows["syn"][:40], dataset[40:60]]}, test="test.jsonl",
                               out="c4", **options)  # fmt: skip
    assert max(g.rows for g in both.parts[0].groups if g.arm == "syn") == 60


@pytest.mark.parametrize(
    ("given", "options", "error", "hint"),
    [
        ([], {}, "no datasets", ""),
        (["syn.jsonl"], {"test": []}, "the given data has no rows", ""),
        (["syn.jsonl"], {"seeds": [0, 1]}, "has no keyword 'seeds'", "repeats"),
        (["syn.jsonl"], {"repeats": 0}, "--repeats: must be between 1 and 1000", ""),
        (["syn.jsonl"], {"real": "real.jsonl", "curve": [5, 2]}, "--curve: must be increasing", ""),
        (["syn.jsonl"], {"curve": "x"}, "--curve x is not a list", ""),
        (["syn.jsonl"], {"trainers": "tfidf,x"}, "'x' is not KEY=VALUE", "--trainer tfidf,"),
        (["syn.jsonl"], {"trainers": []}, "trainers is empty", "omit trainers="),
        (["syn.jsonl"], {"task": None}, "task of these rows is unknown", "--task NAME"),
        (["syn.jsonl", "syn.jsonl"], {}, "two datasets have the name syn", "NAME=DATA"),
        (["syn.jsonl"], {"out": "."}, "does not contain a comparison", "--out"),
    ],
)
def test_errors_of_compare_name_its_options(given, options, error, hint):
    with pytest.raises(UsageError) as refused:
        compare(*given, **{"test": "test.jsonl", "task": "mood.yaml"} | options)
    assert error in str(refused.value) and hint in refused.value.hint
