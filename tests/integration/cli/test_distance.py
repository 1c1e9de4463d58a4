"""`targen generate --max-cosine`: rows that are too near, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

NEAR = ("--max-cosine", "0.4", "--embedder", "words")
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


def test_a_run_says_what_it_refused_and_grows_the_same(rte, targen):
    assert rte("-n", "24", *NEAR, "--out", "run").code == 0
    assert rte("-n", "24", *NEAR, "--out", "other", "--concurrency", "1").code == 0
    for name in FILES:
        assert (Path("run") / name).read_bytes() == (Path("other") / name).read_bytes()
    distance = targen("report", "run", "--json").json["distance"]
    assert distance.keys() == {"embedder", "max_cosine", "max_refused", "refused", "accepted"}
    assert 0 < distance["refused"] <= 0.2 * (24 + distance["refused"])
    near = distance["refused"] + distance["accepted"]
    line = f"Above a cosine of 0.4: {near} candidates, {distance['refused']} refused and "
    assert line in targen("report", "run").out
    page = Path(targen("report", "run", "--html").out.strip()).read_text(encoding="utf-8")
    assert line in page
    reject = targen("show", "run", "--rejected", "--limit", "1").out
    assert "too-near: too near to accepted instance " in reject
    for name, verify in (("run", ()), ("other", ("--verify",))):
        assert targen("resume", name, "-n", "40", "-q", *verify).code == 0
    for name in FILES:
        assert (Path("run") / name).read_bytes() == (Path("other") / name).read_bytes()


def test_an_estimate_has_room_for_refusals(targen):
    def calls(*args):
        shown = targen(
            "generate", "rte", "-n", "100", "-b", "scripted", "--dry-run", "--json", *args
        )
        return sum(row["calls"] for row in shown.json["steps"])

    assert calls(*NEAR) == pytest.approx(calls() / 0.8, rel=0.02)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--max-cosine", "1"), "--max-cosine is 1.0; it must be less than 1"),
        (("--max-cosine", "0"), "--max-cosine is 0.0; it must be above 0"),
        (("--max-cosine", "0.8", "--max-refused", "1"), "--max-refused is 1.0; it must be at most"),
        (("--max-refused", "0.1"), "--max-refused is for --max-cosine"),
        (("--max-cosine", "0.8", "--embedder", "word"), "no embedder named 'word' is installed"),
    ],
)
def test_what_cannot_be(typed, words, rte):
    result = rte("-n", "2", *typed)
    assert result.code == 2
    assert words in result.err
    assert not Path("runs").exists()
