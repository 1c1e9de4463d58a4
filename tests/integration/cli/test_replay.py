"""`targen replay`: a run made again from its journal, through the command; nothing is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core.calls.layer import CallLayer
from targen_core.scripted import ScriptedModel

Command = Callable[..., Any]
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
REVIEWS = """\
edition: 1 # every seed serves both labels, so that fewer rows are the first of more
description: A review of a restaurant, one or two sentences.
labels:
  good: it praises
  bad: it blames
"""


def bytes_of(run: Path | str) -> list[bytes]:
    return [(Path(run) / name).read_bytes() for name in FILES]


def records(file: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def report(run: Path | str) -> dict[str, Any]:
    return json.loads((Path(run) / "report.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, whoever would make a model or send anything fails."""

    def refuse(*args: object, **kwargs: object) -> Any:
        raise AssertionError("a model was asked, or made")

    def silence() -> None:
        monkeypatch.setattr(ScriptedModel, "complete", refuse)
        monkeypatch.setattr(ScriptedModel, "__init__", refuse)
        monkeypatch.setattr(CallLayer, "_send", refuse)
        for name in [name for name in os.environ if name.endswith("_API_KEY")]:
            monkeypatch.delenv(name)

    return silence


@pytest.fixture
def reviews(targen: Command) -> Path:
    """A run of a task in a file, with some rejects."""
    Path("reviews.yaml").write_text(REVIEWS)
    words = ("-n", 16, "-b", "scripted", "-o", "refusal_rate=0.1", "-q", "--out", "run")
    assert targen("generate", "reviews.yaml", *words).code == 0
    return Path("run")


def test_a_run_that_was_extended_is_made_again_with_all_its_targets(
    targen: Command, reviews: Path, silent: Callable[[], None]
) -> None:
    assert targen("resume", reviews, "-n", 24, "-q").code == 0
    silent()
    assert targen("replay", reviews, "--out", "again", "-q").code == 0
    assert bytes_of("again") == bytes_of(reviews)
    assert targen("replay", reviews, "--out", "less", "-n", 6, "-q").code == 0
    assert len(records("less/dataset.jsonl")) == 6


def test_changed_checks_ask_nothing_where_the_rows_suffice(
    targen: Command, silent: Callable[[], None]
) -> None:
    module = """
from targen_core import Declaration, Rejected

declared = Declaration(description="A review.", labels={"good": "praise", "bad": "blame"})
plain = declared.task(name="reviews")

def check(instance, seed):
    if WORD in instance.text:
        raise Rejected("word", f"it contains {WORD}")

TASK = plain.replace(checks=(*plain.checks, check))
WORD = "nothing holds this"
"""
    Path("reviews.py").write_text(module)
    words = ("-n", 16, "-b", "scripted", "-q", "--out", "run")
    made = targen("generate", "reviews.py", *words)
    assert made.code == 0, made.err
    word = records("run/dataset.jsonl")[0]["text"].split()[0].strip(".,")
    Path("reviews.py").write_text(module.replace("nothing holds this", word))
    silent()
    replayed = targen("replay", "run", "--task", "reviews.py", "--out", "strict", "-n", 4)
    assert replayed.code == 0, replayed.err
    assert report("strict")["status"] == "complete"
    rows = [row["text"] for row in records("strict/dataset.jsonl")]
    assert len(rows) == 4 and not any(word in text for text in rows)
    assert any(record["reason"] == "word" for record in records("strict/rejects.jsonl"))


@pytest.mark.parametrize(
    ("words", "step", "why"),
    [
        (("--corrector", "vote"), "correct", "the corrector is targen-core:vote"),
        (("--near-duplicates", "1"), "generate", "the run did not ask it"),
        (("-n", "40"), "generate", "the run did not ask it"),
    ],
)
def test_what_is_lacking_is_no_reject_and_resume_makes_it(
    targen: Command, reviews: Path, words: tuple[str, ...], step: str, why: str
) -> None:
    replayed = targen("replay", reviews, *words, "--out", "new")
    assert replayed.code == 0, replayed.err
    pending = records("new/pending.jsonl")
    assert pending and step in {record["step"] for record in pending}
    assert any(record["why"].startswith(why) for record in pending)
    assert json.loads(Path("new/manifest.json").read_text())["replay_of"] == "run"
    waiting = {record["id"] for record in pending if "id" in record}
    assert not waiting & {r.get("id") for r in records("new/rejects.jsonl")}
    assert not waiting & {r["id"] for r in records("new/provenance.jsonl")}
    assert "not-recorded" not in Path("new/rejects.jsonl").read_text()
    assert report("new")["status"] == "stopped" and not report("new")["met"]
    needed = report("new")["replay"]["needed"]
    assert why in replayed.out and f"targen resume {Path('new')}" in replayed.out
    assert {each["step"] for each in needed} == {record["step"] for record in pending}
    if words[0] == "--near-duplicates":
        return  # a scripted task never has so many unlike rows
    journaled = len(Path("new/journal").read_bytes().splitlines())
    assert targen("resume", "new", "-q").code == 0
    assert not Path("new/pending.jsonl").exists()
    changed = [*words] if words[0] == "-n" else [*words, "-n", 16]
    fresh = ("-b", "scripted", "-o", "refusal_rate=0.1", "-q", "--no-cache", "--out", "fresh")
    assert targen("generate", "reviews.yaml", *changed, *fresh).code == 0
    assert bytes_of("new") == bytes_of("fresh")
    total = report("new")["usage"]["total"]
    # What the old run paid for was not asked again.
    assert (total["copied"], total["cached"]) == (journaled, 0)
    assert 0 < total["calls"] < report("fresh")["usage"]["total"]["calls"] + journaled


def test_a_list_of_missing_calls_drops_the_rows_of_no_run_but_a_replay(
    targen: Command, reviews: Path
) -> None:
    before = bytes_of(reviews)
    ledger = (reviews / "ledger").read_bytes()
    (reviews / "pending.jsonl").write_text("")
    refused = targen("resume", reviews, "-n", 40, "--max-tokens", 1, "-q")
    assert refused.code == 1, refused.err
    assert [now[: len(then)] for now, then in zip(bytes_of(reviews), before, strict=True)] == before
    assert (reviews / "ledger").read_bytes()[: len(ledger)] == ledger
    assert (reviews / "pending.jsonl").exists()
    assert "replay_of" not in json.loads((reviews / "manifest.json").read_text())


def test_a_changed_prompt_is_named(targen: Command, silent: Callable[[], None]) -> None:
    task = REVIEWS.replace("it praises", "it praises the food")
    Path("reviews.yaml").write_text(REVIEWS)
    made = targen(
        "generate", "reviews.yaml", "-n", 6, "-b", "scripted", "-q", "--no-correct", "--out", "run"
    )
    assert made.code == 0
    Path("reviews.yaml").write_text(task)
    silent()
    replayed = targen("replay", "run", "--task", "reviews.yaml", "--json")
    assert replayed.code == 0, replayed.err
    needed = replayed.json["replay"]["needed"]
    assert needed and all("changed since" in each["why"] for each in needed)
    assert any("task.prompts" in words for words in replayed.json["replay"]["changed"])


def test_step_4_can_be_left_out_and_asked_again(
    targen: Command, reviews: Path, silent: Callable[[], None]
) -> None:
    silent()
    assert targen("replay", reviews, "--no-correct", "--out", "raw", "-q").code == 0
    assert report("raw")["status"] == "complete" and not report("raw")["replay"]["needed"]
    assert all(not record["explanation"] for record in records("raw/provenance.jsonl"))


def test_what_cannot_be_is_said(targen: Command, reviews: Path) -> None:
    taken = targen("replay", reviews, "--out", reviews)
    assert taken.code == 2 and "run exists" in taken.err
    assert targen("replay", "nowhere").code == 2
    both = targen("replay", reviews, "--no-correct", "--corrector", "vote")
    assert both.code == 2 and "exclude each other" in both.err


def test_a_damaged_journal_is_an_error_that_names_the_record(
    targen: Command, reviews: Path
) -> None:
    lines = (reviews / "journal").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"key"', b'"kay"')
    (reviews / "journal").write_bytes(b"".join(lines))
    replayed = targen("replay", reviews, "--out", "new")
    assert replayed.code != 0 and "record 3" in replayed.err
