"""ZeroGen: where texts end, what a prompt says of a label, and where conditions are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core import Rejected
from targen_methods.conditional.cut import kept, legal_length

Targen = Callable[..., Any]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ('The quay is shut." said the man. And then', "The quay is shut."),
        ("The quay is shut” and more", "The quay is shut"),
        ('"The quay is shut." More', "The quay is shut."),
        ('The quay\nis shut." Then', "The quay"),
        ("The quay is shut. Boats go. From the", "The quay is shut. Boats go."),
        ("Is it shut? Boats", "Is it shut?"),
        ("码头关闭了。船", "码头关闭了。"),
    ],
)
def test_a_text_ends_at_a_quotation_mark_a_line_or_a_sentence(reply: str, text: str) -> None:
    assert reply[slice(*kept(reply))] == text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("The quay is shut. Boats go.", "The quay is shut."),
        ("It costs 3.5 million a year. Boats", "It costs 3.5 million a year."),
        ("The quay, e.g. the old one, is shut.", "The quay, e.g. the old one, is shut."),
    ],
)
def test_the_first_sentence_alone(reply: str, text: str) -> None:
    assert reply[slice(*kept(reply, first=True))] == text


@pytest.mark.parametrize(
    ("reply", "first"),
    [("The quay is shut and the", False), ("", False), ("The quay\nis shut. Boats", True)],
)
def test_what_ends_nowhere_is_refused(reply: str, first: bool) -> None:
    with pytest.raises(Rejected, match="nothing ends a text"):
        kept(reply, first=first)


def test_only_the_marks_that_were_named_end_a_text() -> None:
    reply = "It is shut. Is it? No"
    assert reply[slice(*kept(reply, ends="."))] == "It is shut."
    with pytest.raises(Rejected, match="fewer than 4 words"):
        legal_length("It is shut.", 4)


def rows(run: Path, name: str = "dataset.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


PAIRS = """
description: Each row is a report from a harbour and a remark about it.
labels:
  follows: the remark is sure from the report
  open: the remark may be so or not
fields:
  report: what happened
  remark: what somebody says
"""


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.yaml"
    path.write_text(PAIRS, encoding="utf-8")
    return path


def given(count: int) -> Path:
    path = Path("given.jsonl")
    lines = [
        {"report": f"Ship {number} came in.", "remark": "It is here.", "label": label}
        for number in range(count)
        for label in ("follows", "open")
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_pairs_are_written_after_what_was_given(targen: Targen, pairs: Path) -> None:
    done = targen(
        *("method", "zerogen", str(pairs), "--given", str(given(3)), "-n", "12"),
        *("--set", "per_condition=2", "-b", "scripted", "--out", "run"),
    )
    assert done.code == 0, done.err
    run = Path("run")
    reports = [row["report"] for row in rows(run)]
    assert {reports.count(f"Ship {number} came in.") for number in range(3)} == {4}
    report = json.loads((run / "report.json").read_text())
    assert {one["step"] for one in report["usage"]["by_step"] if one["calls"]} == {"generate"}


def test_given_rows_run_out_and_the_run_says_so(targen: Targen, pairs: Path) -> None:
    done = targen(
        *("method", "zerogen", str(pairs), "--given", str(given(2)), "-n", "12"),
        *("--set", "per_condition=2", "-b", "scripted", "--out", "run"),
    )
    assert done.code == 1
    assert "Traceback" not in done.err
    assert len(rows(Path("run"))) == 8


def test_texts_that_are_all_cut_away_end_the_run(targen: Targen, mail: Path) -> None:
    done = targen(
        *("method", "zerogen", str(mail), "-n", "4", "-b", "scripted", "--out", "run"),
        *("--set", "min_words=10", "-o", "garbage_rate=1"),
    )
    assert done.code == 1, done.err
    assert "Traceback" not in done.err
    assert not rows(Path("run"))


def test_a_cue_of_no_label_is_refused(targen: Targen, mail: Path) -> None:
    done = targen(
        *("method", "zerogen", str(mail), "-n", "2", "-b", "scripted"),
        *("--set", 'cues={"lone": "About a loan:"}'),
    )
    assert done.code == 2
    assert "'lone', which is no label" in done.err and "loan" in done.err
