"""Comparing as people need it: the same labels, few real rows, results that stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_core.errors import UsageError

Command = Callable[..., Any]
SKEWED = ("praise", "praise", "praise", "blame")
ARGS = ("--test", "test.jsonl", "--task", "mood.yaml", "--repeats", "2")


@pytest.fixture(autouse=True)
def data(mood: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Balanced synthetic rows, and real and test rows of which three in four are praise."""
    monkeypatch.chdir(tmp_path)
    mood("syn.jsonl", 80, seed=1)
    mood("real.jsonl", 60, seed=2, labels=SKEWED)
    mood("test.jsonl", 40, seed=3, labels=SKEWED)


def kinds(results: Any) -> dict[tuple[str, str], int]:
    return {(g["kind"], g["arm"]): g["rows"] for g in results["parts"][0]["groups"]}


def test_arms_of_other_label_shares_are_compared_with_the_same_labels_too(targen: Command) -> None:
    done = targen("compare", "Og=real.jsonl", "Syn=syn.jsonl", *ARGS, "--apart")
    assert done.code == 0, done.err
    results = json.loads(Path("comparisons/Og-Syn/results.json").read_text())
    # Of praise Syn has fewest, 40; of blame Og, 15.
    assert kinds(results) == {
        ("labels", "Og"): 55, ("labels", "Syn"): 55, ("matched", "Og"): 60, ("matched", "Syn"): 60,
        ("natural", "Og"): 60, ("natural", "Syn"): 80,
    }  # fmt: skip
    assert results["parts"][0]["arms"]["Og"][0]["labels"] == {"praise": 45, "blame": 15}
    assert done.out.index("as many rows each, same labels") < done.out.index("all rows")
    assert "praise 75%, blame 25%" in done.out
    assert "arms differ in their labels (Og: praise 75%, blame 25%; Syn: " in done.out


@pytest.mark.parametrize(
    ("match", "expected"),
    [("labels", {"labels", "natural"}), ("rows", {"matched", "natural"})],
)
def test_match_says_which_alone(targen: Command, match: str, expected: set[str]) -> None:
    done = targen("compare", "real.jsonl", "syn.jsonl", *ARGS, "--match", match, "--json")
    assert {kind for kind, _ in kinds(done.json)} == expected
    assert targen("compare", "real.jsonl", *ARGS, "--match", "size").code == 2


def test_arms_whose_labels_come_in_another_order_have_the_same_shares(targen: Command) -> None:
    rows = {
        label: {"text": f"this is {label} {n}", "label": label}
        for n, label in enumerate(("praise", "blame"))
    }
    for name, order in {"one": ("praise", "blame"), "two": ("blame", "praise")}.items():
        lines = [
            {**rows[label], "text": f"{rows[label]['text']} {n}"}
            for n in range(9)
            for label in order
        ]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = targen("compare", "one.jsonl", "two.jsonl", *ARGS, "--match", "labels")
    assert done.code == 0, done.err
    assert "arms differ in their labels" not in done.out


def test_arms_of_like_shares_are_compared_once(targen: Command, mood: Command) -> None:
    mood("more.jsonl", 60, seed=5)
    done = targen("compare", "more.jsonl", "syn.jsonl", *ARGS, "--json")
    assert {kind for kind, _ in kinds(done.json)} == {"matched", "natural"}


def test_a_curve_of_few_real_rows_alone_and_with_synthetic_ones(targen: Command) -> None:
    words = ("--real", "real.jsonl", "--curve", "0,2,5,100,200", "--trainer", "tfidf")
    done = targen("compare", "syn.jsonl", *ARGS, *words)
    assert done.code == 0, done.err
    (part,) = json.loads(Path("comparisons/real-syn/results.json").read_text())["parts"]
    few = part["few"]
    # Of blame there are 15: 100 is all, and 200 would be the same.
    assert [(each["each"], each["rows"]) for each in few] == [(0, 0), (2, 4), (5, 10), (100, 60)]
    assert few[0]["alone"] is None
    assert few[1]["difference"]["value"] == pytest.approx(
        few[1]["both"]["value"] - few[1]["alone"]["value"]
    )
    # One word tells the label: 80 rows have taught it, and 4 have not.
    assert few[0]["both"]["value"] == 1.0
    assert few[1]["difference"]["low"] > 0
    assert few[1]["alone"]["low"] < few[1]["alone"]["value"] < few[1]["alone"]["high"]
    assert "real rows per label" in done.out
    assert "to 2 real rows per label, synthetic rows add +" in done.out
    page = Path("comparisons/real-syn/results.html").read_text()
    assert page.count("<svg") == 1
    assert ">100</text>" in page
    assert "0 of " in targen("compare", "syn.jsonl", *ARGS, *words).err


def test_a_curve_of_vectors_embeds_each_text_once(
    targen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from targen_core import embedding

    counted: list[str] = []
    words = embedding._words
    monkeypatch.setattr(embedding, "_words", lambda text: counted.append(text) or words(text))
    registry = targen_core.load_registry()
    embedder = embedding.Embedder(open=lambda: embedding._words)
    monkeypatch.setattr(
        type(registry), "resolve", _resolving(type(registry).resolve, "words", embedder)
    )
    done = targen("compare", "syn.jsonl", *ARGS, "--real", "real.jsonl", "--curve", "2,5",
                  "--trainer", "vectors,embedder=words", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert len(counted) == len({*counted}) > 100


def _resolving(resolve: Command, name: str, target: object) -> Command:
    def resolved(self: Any, item: Any) -> Any:
        own = (item.kind, item.name) == ("embedder", name)
        return target if own else resolve(self, item)

    return resolved


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["syn.jsonl", "--curve", "2,x"], "--curve 2,x is not a list of numbers"),
        (["syn.jsonl", "--real", "real.jsonl", "--curve", "5,2"], "growing numbers from 0 on"),
        (
            ["syn.jsonl", "a=real.jsonl", "--real", "real.jsonl", "--curve", "2"],
            "takes one dataset",
        ),
        (["syn.jsonl", "--real", "real.jsonl", "--curve", "2,all"], "per_label"),
        (["syn.jsonl", "--real", "none.jsonl"], "none.jsonl"),
    ],
)
def test_bad_curves_are_said(targen: Command, words: list[str], said: str) -> None:
    done = targen("compare", *words, *ARGS)
    assert done.code == 2
    assert said in done.err, done.err


def test_a_comparison_of_another_task_gets_a_folder_of_its_own(
    targen: Command, mood: Command
) -> None:
    assert targen("compare", "syn.jsonl", *ARGS).out.endswith("comparisons/syn/results.html\n")
    first = Path("comparisons/syn/results.json").read_bytes()
    mood("other.jsonl", 30, seed=9)
    words = ("--test", "other.jsonl", "--task", "mood.yaml", "--repeats", "2")
    for _ in range(2):
        other = targen("compare", "syn.jsonl", *words)
        assert other.out.endswith("comparisons/syn-2/results.html\n")
    assert "0 of " in other.err
    assert Path("comparisons/syn/results.json").read_bytes() == first


def test_results_of_other_options_are_kept(targen: Command) -> None:
    targen("compare", "syn.jsonl", *ARGS)
    first = {path.name: path.read_bytes() for path in Path("comparisons/syn").glob("results.*")}
    assert len(first) == 3
    targen("compare", "syn.jsonl", *ARGS)
    assert not Path("comparisons/syn/earlier").exists()
    targen("compare", "syn.jsonl", *ARGS, "--metric", "macro_f1")
    targen("compare", "syn.jsonl", *ARGS, "--trainer", "tfidf,regularization=5")
    kept = {path.name: path.read_bytes() for path in Path("comparisons/syn/earlier/1").iterdir()}
    assert kept == first
    assert Path("comparisons/syn/earlier/2/results.html").exists()


def test_compare_from_python() -> None:
    results = targen_core.compare(
        {"Syn": "syn.jsonl"}, real=Path("real.jsonl"), test="test.jsonl", task="mood.yaml",
        repeats=2, trainers="tfidf", curve=[2, 5], out="c",
    )  # fmt: skip
    (part,) = results.parts
    assert [few.each for few in part.few] == [2, 5]
    assert part.few[1].both.low is not None
    assert results.folder == Path("c") and Path("c/results.html").exists()
    assert len(repr(results)) < 80 and "c/results.html" in repr(results)
    for table in (str(results), results._repr_html_()):
        assert "real rows per label" in table and "c/results.html" in table
    with pytest.raises(UsageError, match="neither a run nor a path"):
        targen_core.compare([{"text": "x"}], test="test.jsonl")  # type: ignore[arg-type]
