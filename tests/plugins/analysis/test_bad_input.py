"""Whatever a file holds, `targen analyze` ends with a report or with what is wrong with it."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("spacy")
pytest.importorskip("sklearn")

ALL = [
    *["--without", "semantic", "--without", "difficulty", "--without", "entities"],
    *["-o", "lexical.replicates=2"],
]
"""But what needs a model, which has tests of its own."""


@pytest.fixture
def original(jsonl, sentences):
    return jsonl("original.jsonl", labeled(sentences(40, seed=9)))


@pytest.fixture
def analyze(targen, original, tmp_path):
    """All metrics but those of models, or those that are named, beside an ordinary file."""

    def run(path, *args, code=0):
        done = targen(
            *("analyze", path, "--against", original, "--out", "out", "-q"),
            *(args if "--metric" in args else [*ALL, *args]),
        )
        assert done.code == code, done.out + done.err
        assert "Traceback" not in done.out + done.err
        if not code:
            assert done.err == ""
            assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
            analysis = json.loads((tmp_path / "out" / "analysis.json").read_text())
            assert all(part["findings"] for part in analysis["metrics"].values())
        return done

    return run


def labeled(texts):
    return [{"text": text, "label": "ab"[at % 2], "idx": at} for at, text in enumerate(texts)]


ROWS = {
    "a label that is null": lambda rows: [{**row, "label": None} for row in rows],
    "mixed schemas": lambda rows: [
        row if at % 2 else {"premise": row["text"], "label": 3, "more": [1, {"deep": None}]}
        for at, row in enumerate(rows)
    ],
    "rows without a text": lambda rows: [
        {**row, "text": row["text"] if at % 3 else None} for at, row in enumerate(rows)
    ],
}


@pytest.mark.parametrize("what", ROWS)
def test_odd_rows_are_analysed(what, analyze, jsonl, sentences):
    analyze(jsonl("mine.jsonl", ROWS[what](labeled(sentences(30)))))


@pytest.mark.parametrize(
    ("encoding", "args"), [("latin-1", ["--encoding", "latin-1"]), ("utf-16", []), ("utf-8", [])]
)
def test_other_encodings_are_read(encoding, args, analyze, sentences, tmp_path):
    rows = labeled([f"{text} café" for text in sentences(20)])
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "mine.jsonl").write_text(lines, encoding=encoding)
    if encoding == "latin-1":  # the reference is plain ASCII, and so in any of them
        done = analyze("mine.jsonl", code=2)
        assert "mine.jsonl, line 1 is not a row: byte 0xe9 is not valid utf-8" in done.err
        assert "iconv -f cp1252 -t utf-8 mine.jsonl > utf-8-mine.jsonl" in done.err
    done = analyze("mine.jsonl", "--metric", "labels", *args)
    assert "mine: 20 rows" in done.out


def test_what_holds_no_data_is_told_before_anything_is_measured(analyze, tmp_path):
    (tmp_path / "mine.jsonl").write_text("[1]\n")
    done = analyze("mine.jsonl", code=2)
    assert "mine.jsonl, line 1 is not a row: it is not an object" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("unit", ["word ", '{"a":['])
def test_a_row_of_megabytes_is_analysed(unit, analyze, jsonl, sentences):
    huge = {"text": unit * (2_000_000 // len(unit)), "label": "a", "idx": 99}
    done = analyze(jsonl("mine.jsonl", [huge, *labeled(sentences(20))]))
    assert "mine: 21 rows" in done.out
