"""How long texts are by default: drawn by code, by what they are called and what a file allows."""

from __future__ import annotations

import csv
import json
import re
import statistics
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import targen_core as tg
from targen_standard.task_files.lengths import length_in
from targen_standard.task_files.model import Declaration

from ...runs import records
from ..answers import script

LABELS = {"calm": "nothing happened", "alarm": "something must be done at once"}
PAPER: dict[str, Any] = {"labels": LABELS, "contexts": "occasions"}
"""What a file adds to its description if it writes one row per call."""
PAIR = {
    "description": "Is what a statement about science says in the text?",
    "labels": {"yes": "it is", "no": "it is not"},
    "fields": {
        "text": {"description": "a sentence from a school book", "words": [4, 40]},
        "claim": {"description": "a statement", "words": [4, 24], "sentences": 1},
    },
    "contexts": ["rocks and soils", "the weather"],
    "seeds": {"field": "claim"},
}


def drawn(dimension: Any) -> list[int]:
    """The numbers of words that a dimension draws from."""
    return [int(n) for each in dimension.pool for n in re.findall(r"^about (\d+) words$", each)]


def lengths(description: str, **keys: Any) -> list[int]:
    declaration = Declaration(description=description, **PAPER | keys)
    (one,) = declaration.task().dimensions
    assert one.name == "length"
    found = (length_in({"length": value}, "text", declaration) for value in one.pool)
    return [length for length in found if length is not None]


@given(st.tuples(st.integers(1, 2_000), st.integers(1, 2_000)), st.sampled_from(("Notes.", "So.")))
def test_lengths_keep_to_the_words_of_a_file(pair, description):
    low, high = sorted(pair)
    declaration = Declaration(
        description=description, **PAPER, fields={"text": {"words": [low, high]}}
    )
    dimensions = declaration.task().dimensions
    assert bool(dimensions) is (high >= 2 * low)
    for one in dimensions:
        assert low <= min(drawn(one)) < max(drawn(one)) <= high


@pytest.mark.parametrize(("labels", "spread"), [(2, 5), (3, 18)])
def test_rows_of_one_label_are_not_longer_than_others_in_a_small_run(labels, spread, tmp_path):
    names = [f"label{number}" for number in range(labels)]
    for seed in range(6):
        run = tg.generate(
            Declaration(
                description="Notes.", labels=dict.fromkeys(names, "some"), contexts="occasions"
            ),
            n=8 * labels,
            model="scripted",
            seed=seed,
            out=tmp_path / str(seed),
            progress=False,
        )
        places: dict[str, list[int]] = {name: [] for name in names}
        for record in run.provenance:
            side, _, share, *_ = record["dimensions"]["length"].split()
            place = int(share) if side == "longer" else 100 - int(share)
            places[record["label"]].append(place)
        means = [statistics.mean(each) for each in places.values()]
        assert max(means) - min(means) <= spread


@pytest.mark.parametrize(
    "keys",
    [
        {"dimensions": {"number of turns": ["two", "three"]}},
        {"fields": {"text": {"words": [10, 15]}}},
        {"fields": {"text": {"type": "list[str]"}}},
        {"labels": {"calm": {"definition": "quiet", "prompt": "Write: $seed"}, "alarm": "help"}},
        {"contexts": {"dimensions": {"length": ["short", "long"]}}},
        {"dimensions": {"format": {"one sentence": 2, "three sentences": 1}}},
        {"language": "German", "dimensions": {"Textlänge": ["kurz", "lang"]}},
        {"language": "de-CH", "dimensions": {"Anzahl_Wörter": ["10", "30"]}},
        {"language": "German", "dimensions": {"Form": ["ein Satz", "fünf kurze Sätze"]}},
        {"language": "French", "dimensions": {"longueur du texte": ["court", "long"]}},
        {"language": "Spanish", "seeds": {"dimensions": {"tipo": ["una frase", "dos frases"]}}},
    ],
)
def test_none_is_drawn_if_a_file_says_it_otherwise(keys):
    said = {"description": "Notes.", **PAPER, **keys}
    assert [
        d.name for d in Declaration.model_validate(said).task().dimensions if "length" in d.name
    ] == []


def test_each_row_has_its_length_in_its_prompt_and_in_its_provenance(small, tmp_path):
    declaration = Declaration.model_validate(
        {**small, "contexts": "occasions", "fields": {"text": {"words": [4, 60]}}}
    )
    run = tg.generate(declaration, n=40, model="scripted", out=tmp_path / "run")
    by_label: dict[str, list[int]] = {}
    for record, row in zip(run.provenance, run, strict=True):
        words = int(re.findall(r"\d+", record["dimensions"]["length"])[0])
        by_label.setdefault(record["label"], []).append(words)
        assert len(row["text"].split()) == max(5, words)  # a dry run keeps to it
    assert abs(mean(by_label["calm"]) - mean(by_label["alarm"])) < 2  # it gives no label away
    typed = tg.generate(
        declaration,
        n=4,
        model="scripted",
        dimensions={"length": ["tiny"]},
        out=tmp_path / "typed",
    )
    assert {record["dimensions"]["length"] for record in typed.provenance} == {"tiny"}


def test_long_texts_have_room_in_a_reply():
    def most(**keys: Any) -> Any:
        said = {"description": "Notes.", **PAPER, **keys}
        steps = Declaration.model_validate(said).task().steps
        return next(s.parameters["max_tokens"] for s in steps if s.kind == "generate")

    long = {"text": {"words": [200, 900]}}
    assert most() == 1024
    assert most(fields={"text": {"words": [4, 40]}}) == 512
    assert most(fields=long) > 2 * 900
    assert most(fields=long, parameters={"generate": {"max_tokens": 700}}) == 700


CLAIMS = [
    "Granite forms when molten rock cools slowly far below the ground.",
    "A barometer measures the pressure of the air around it.",
    "Sand that is pressed for ages becomes sandstone.",
    "Warm air contains more water than cold air does.",
]


def test_real_texts_of_a_table_are_seeds_as_far_as_they_go(works):
    """The column is that of the field which a pair begins with."""
    Path("pair.json").write_text(json.dumps(PAIR))
    with Path("real.csv").open("w", newline="") as file:
        rows = [("", "Too short.", "x"), *(("A text.", claim, "x") for claim in CLAIMS)]
        csv.writer(file).writerows([("text", "claim", "of"), *rows, ("A text.", "", "x")])
    Path("real.jsonl").write_text(
        "".join(json.dumps({"claim": claim, "of": 1}) + "\n" for claim in ["Too short.", *CLAIMS])
    )
    for name, left_out in (("real.csv", "2 of 6"), ("real.jsonl", "1 of 5")):
        words = ("-b", "scripted", "--seeds", name, "--out", name[5:])
        done = works("generate", "pair.json", "-n", 8, *words)
        assert f"--seeds file {name}: skipped {left_out} lines: line" in done.err
        assert {row["claim"] for row in records(name[5:], "dataset.jsonl")} == {*CLAIMS}
    Path("own.txt").write_text("\n".join(["Too short.", *CLAIMS]))
    Path("own.json").write_text(
        json.dumps({**PAIR, "seeds": {"field": "claim", "file": "own.txt"}})
    )
    works("generate", "own.json", "-n", 8, "-b", "scripted", "--out", "own")
    assert re.search(r"Omitted list items\n.*\nseeds +too-short +1\n", works("report", "own").out)


def test_a_near_copy_of_a_real_text_is_no_row(targen, works):
    keys = {"description": "Notes on rocks.", **PAPER}
    Path("notes.json").write_text(json.dumps(keys))
    Path("real.txt").write_text("\n".join(CLAIMS))
    words = (*script("copying"), "--seeds", "real.txt", "-n", 2)
    done = targen("generate", "notes.json", *words, "--out", "run")
    assert done.code == 1
    report = tg.load("run").report
    assert report.rows == {"calm": 0, "alarm": 0}
    assert report.labels["calm"].reasons == {"copy-of-seed": 4}
    Path("free.json").write_text(json.dumps(keys | {"fields": {"text": {"may_copy_seed": True}}}))
    works("generate", "free.json", *words, "--out", "free")
