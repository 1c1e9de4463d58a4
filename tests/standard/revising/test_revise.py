"""`targen revise`: a task changed, and only what that touches asked again."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_standard.revising.api import plan_revision

from ...runs import outputs, records
from ..answers import script
from .mail import DEFINED, LESS, MAIL, MORE, SAMPLE, calls

SCRIPTED = ("-b", "scripted", "--no-cache", "-q")
LABELS = {"order", "refund", "complaint", "advice"}
VARIANT = {"paper": ("--variant", "paper", *script("doubting")), "contrast": SCRIPTED}


@pytest.fixture
def make(works, once):
    """A new run of a task's text, which shares nothing with another."""

    def made(text: str, out: str, *args: object) -> Path:
        Path("mail.yaml").write_text(text)
        answers = () if "scripted" in args else ("--variant", "paper", *script("doubting"))
        words = ("generate", "mail.yaml", *(args or ("-n", 24)), *answers, "--out", out)
        if text == MAIL and (out.startswith("run-") or (out, args) == ("run", ())):
            once(out, lambda: works(*words))
        else:
            works(*words)
        return Path(out)

    return made


@pytest.fixture
def revise(targen):
    def revised(text: str, out: str, *args: object, run: str = "run", code: int = 0) -> Any:
        Path("mail.yaml").write_text(text)
        done = targen("revise", run, "--task", "mail.yaml", *args, "--out", out, "-q")
        assert done.code == code, done.err
        return done

    return revised


CHANGES: Mapping[str, tuple[str, set[str], set[str]]] = {
    # what changed -> the file, and the labels whose rows are written and judged again
    "a definition": (DEFINED, {"complaint"}, set()),
    "a sample": (MAIL + SAMPLE, set(), {"order", "refund"}),
    "a label more": (MORE, {"trade"}, set()),
    "a label less": (LESS, set(), set()),
    "the description": (MAIL.replace("small", "tiny"), LABELS, set()),
    "the judge": (MAIL + "corrector: meta-paper\n", set(), LABELS),
    "a check": (MAIL + "checks: [no-placeholder]\n", set(), set()),
}


@pytest.mark.parametrize("way", ["paper", "contrast"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            change, marks=[pytest.mark.whole] if change == "a check" else []
        )  # of analysis
        for change in CHANGES
    ],
)
def test_rows_that_a_change_does_not_concern_stay(change, way, make, revise, works):
    text, written, judged = CHANGES[change]
    before = outputs(make(MAIL, f"run-{way}", "-n", 24, *VARIANT[way]))
    revise(text, "revised", run=f"run-{way}")
    requested = targen_core.load("revised").report.raw["requested"]
    (new, of_new), (old, of_old) = (
        (records(at, "dataset.jsonl"), records(at)) for at in ("revised", f"run-{way}")
    )
    assert Counter(row["label"] for row in new) == requested
    stay = [
        (row, of)
        for row, of in zip(old, of_old, strict=True)
        if not {of["intended"], of["label"]} & (written | judged)
        and of["label"] in requested
        and of["intended"] in requested
    ]
    stood = [row["text"] for row, _ in stay]
    assert [row["text"] for row in new if row["text"] in stood] == stood
    kept = {of["id"]: of for of in of_new}
    for _, of in stay:
        assert {**of, "idx": 0} == {**kept[of["id"]], "idx": 0}
    texts = {row["text"] for row in old}
    fresh = {row["label"] for row in new if row["text"] not in texts}
    assert fresh <= written | judged and fresh >= written
    steps = calls("revised")
    assert bool(steps) == bool(written | judged), steps
    assert outputs(f"run-{way}") == before
    done = outputs("revised")
    for verify in ((), ("--verify",)):
        works("resume", "revised", *verify, "-q")
    assert (outputs("revised"), calls("revised")) == (done, steps)
    longer = sum(requested.values()) + len(requested)
    works("resume", "revised", "-n", longer, "-q")
    assert len(records("revised")) == longer
    assert records("revised", "dataset.jsonl")[: len(new)] == new


def test_texts_of_changed_labels_can_stay_and_be_judged_again(make, revise):
    make(MAIL, "run")
    revise(DEFINED, "kept", "--no-rewrite")
    assert calls("kept").keys() == {"correct"}
    assert calls("kept")["correct"] < 12
    assert Path("kept/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
    revise(DEFINED, "all", "--no-rewrite", "--judge", "all")
    assert calls("all") == {"correct": 24}
    revise(MAIL + "fields: {subject: {}, text: {}}\n", "other", "--no-rewrite")
    assert calls("other")["generate"] >= 24


def test_a_judge_may_change_and_reject_rows_that_are_then_written_again(make, works):
    make(MAIL, "run")
    works("revise", "run", "--corrector", "meta-paper", "--out", "paper", "-q")
    assert calls("paper").keys() == {"correct"}
    works("revise", "run", "-o", "correct.garbage_rate=0.2", "--out", "judge", "-q")
    assert calls("judge")["correct"] > 24 > calls("judge")["generate"] > 0
    works("revise", "judge", "-o", "temperature=0.3", "--dry-run")


def test_it_says_first_what_it_will_do(make, revise, targen):
    make(MAIL, "run")
    before = sorted(map(str, Path().rglob("*")))
    Path("mail.yaml").write_text(DEFINED)
    plan = targen("revise", "run", "--task", "mail.yaml", "--dry-run", "--json").json
    assert plan["changes"] == [
        {
            "name": "labels.complaint.definition",
            "was": "The customer is unhappy, and asks for no money.",
            "now": "The customer is unhappy, and does not ask for money.",
        }
    ]
    came = [
        row
        for row in records("run", "provenance.jsonl")
        if "complaint" in (row["label"], row["intended"])
    ]
    assert sum(of["kept"] for of in plan["labels"].values()) == 24 - len(came)
    assert plan["labels"]["complaint"] == {"requested": 6, "kept": 0, "judged": 0, "written": 6}
    said = targen("revise", "run", "--task", "mail.yaml", "--dry-run").out
    assert (
        "run, revised as run-revised\n\nChanged\n  labels.complaint.definition\n    - The" in said
    )
    assert said.endswith("\nDry run: targen made no calls and wrote no files.\n")
    assert sorted(map(str, Path().rglob("*"))) == before
    made = targen("revise", "run", "--task", "mail.yaml")
    asked = calls("run-revised")
    assert abs(asked["generate"] - plan["calls"]["texts"]) <= 3
    assert abs(asked["correct"] - plan["calls"]["judgements"]) <= 3
    assert made.out.startswith(said.rpartition("\nDry run")[0])
    assert not plan_revision("run-revised", "mail.yaml").changes


@pytest.mark.parametrize("counts", [("-n", 8), ("--label", "order=3", "--label", "refund=2")])
def test_another_name_of_a_label_is_a_value(counts, make, targen, refuses):
    make(MAIL, "first", *counts)
    Path("mail.yaml").write_text(MAIL.replace("refund:", "money:"))
    dry = "--task mail.yaml --dry-run"
    if counts[0] == "--label":
        refuses(f"revise first {dry}", "label money is new", "--label money=2")
        dry += " --label money=2"
    said = targen(f"revise first {dry}").out
    assert "keep its name in the task file and add value: money\n" in said
    value = "refund: {definition: The customer wants money back., value: money}"
    Path("mail.yaml").write_text(MAIL.replace("refund: The customer wants money back.", value))
    revised = targen("revise first --task mail.yaml --out value")
    assert revised.code == 0 and not calls("value")
    assert "money" in {row["label"] for row in records("value", "dataset.jsonl")}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--task", "nowhere.yaml"), "nowhere.yaml"),
        (("--judge", "some", "--task", "changed.yaml"), "--judge some: no such choice"),
        (("--task", "more.yaml", "--label", "order=7"), "label trade is new"),
        (("--task", "changed.yaml", "--out", "taken"), "taken exists"),
        (("-o", "nobody.times=3"), "nobody"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(args, said, make, targen):
    make(MAIL, "run", "--label=order=2", "--label=refund=3")
    Path("changed.yaml").write_text(DEFINED)
    Path("more.yaml").write_text(MORE)
    Path("taken").mkdir()
    Path("taken/mine").write_text("mine")
    before = sorted(map(str, Path().rglob("*")))
    done = targen("revise", "run", *args)
    assert (done.code, said in done.err) == (2, True), done.err
    assert sorted(map(str, Path().rglob("*"))) == before


def test_a_strangers_run_has_no_other_model_asked_at_its_address(make, refuses, monkeypatch):
    make(MAIL, "run")
    shutil.copytree("run", "strangers")
    path = Path("strangers/manifest.json")
    path.write_text(path.read_text().replace("answers.py:doubting", "evil.py:answer"))
    refuses(
        "revise strangers -o correct.garbage_rate=0.5 --dry-run",
        "but targen did not start it here",
    )


def test_what_decides_no_row_is_no_change(make, targen):
    """As the name of a file that the task was edited in."""
    make(MAIL.replace("name: mail\n", ""), "run")
    Path("copy.yaml").write_text(DEFINED.replace("name: mail\n", "presets: {few: 2}\n"))
    plan = ("revise", "run", "--task", "copy.yaml", "--dry-run")
    names = [each["name"] for each in targen(*plan, "--json").json["changes"]]
    assert names == ["labels.complaint.definition"]
    option = ("revise", "run", "-o", "latency_ms=1", "--dry-run")
    assert "nothing differs from run" in targen(*option).out
    more = targen(*option, "--label", "order=8", "--json").json
    assert [each["name"] for each in more["changes"]] == ["rows.order"]
