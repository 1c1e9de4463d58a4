"""Kinds: what each label's texts are, and how often; drawn for each row, listed by a model."""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import targen_core as tg
from targen_core.errors import Rejected
from targen_standard.drafting.kinds import KindsReply, listing
from targen_standard.task_files.model import Declaration

from ...runs import records

CLASH = "description: a\nlabels: {calm: b, alarm: c}\n"
SHARES = st.lists(st.integers(1, 60), max_size=6)


def kinds_of(label: str, shares: list[int]) -> dict[str, int]:
    return {f"{label} says it in way {number}": share for number, share in enumerate(shares)}


@settings(max_examples=15)
@given(st.lists(SHARES, min_size=2, max_size=5), st.integers(1, 4), st.integers(0, 99))
def test_rows_have_kinds_of_their_label_in_about_their_shares(shares, tens, seed):
    labels = [f"label{number}" for number in range(len(shares))]
    kinds = {label: kinds_of(label, mine) for label, mine in zip(labels, shares, strict=True)}
    declaration = Declaration(
        description="Notes of a porter.",
        labels=dict.fromkeys(labels, "as it is"),
        kinds={label: mine for label, mine in kinds.items() if mine},
    )
    with tempfile.TemporaryDirectory() as folder:
        out, n = Path(folder) / "run", 10 * tens * len(labels)
        run = tg.generate(declaration, n=n, model="scripted", out=out, seed=seed)
        drawn = {label: Counter[str]() for label in labels}
        for record in run.provenance:
            drawn[record["intended"]][record["dimensions"].get("kind", "")] += 1
    for label, mine in kinds.items():
        if not mine:
            assert drawn[label] == {"": 10 * tens}
            continue
        assert drawn[label].keys() <= mine.keys()
        for kind, share in mine.items():
            assert abs(drawn[label][kind] - 10 * tens * share / sum(mine.values())) < 3 + 3 * tens


def test_the_prompt_of_a_row_says_its_kind(small, works):
    kinds = {"calm": ["lists what was done"], "alarm": {"warns: a leak": 1}}
    write({**small, "kinds": kinds})
    shown = works("preview porter.yaml -n 2 -b scripted --full").out
    for kind in ("lists what was done", "warns: a leak"):
        assert f"Keep to this:\nkind: {kind}; length: " in shown
    assert "If it does not go with the kind of row below, the kind counts." in shown
    write({**small, "kinds": {"calm": ["lists what was done"]}})
    for_alarm = works("preview porter.yaml -n 2 -b scripted --full").out.partition("\nalarm: ")[2]
    assert "Keep to this:\nlength: " in for_alarm


def test_rows_after_real_texts_have_the_kinds_of_these(small, works):
    Path("notes.txt").write_text("".join(f"Room {n} was quiet at {n % 12}\n" for n in range(20)))
    write({**small, "kinds": {"calm": ["lists what was done"]}})
    assert "kind: " in works("preview porter.yaml -n 2 -b scripted --full").out
    done = works("preview porter.yaml -n 2 -b scripted --full --examples notes.txt")
    assert "Room" in done.out and "kind: " not in done.out
    assert "rows follow the examples, so they draw none of the task's kinds" in done.err


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"branches": {"noted": {"label": "calm", "definition": "a note"}, "alarm": "as it is"}},
        {"fields": {"note": "the note", "answer": "what the day porter replies"}},
    ],
    ids=["labels", "branches", "several fields"],
)
def test_a_model_adds_kinds_to_a_file_whose_lines_stay(small, works, refuses, keys):
    before = write({**small, **keys})
    done = works("init-task porter.yaml -b scripted").out
    assert done.startswith("porter.yaml: added placeholders as `kinds`: scripted calls no model")
    after = Path("porter.yaml").read_text()
    assert after.startswith(before.rstrip())
    declaration = Declaration.from_file("porter.yaml")
    assert declaration.kinds.keys() == declaration.asked.keys()
    works("generate porter.yaml -n 2 -b scripted -q")
    refuses("init-task porter.yaml -b scripted", "already has a key `kinds`", "edit the file")
    assert Path("porter.yaml").read_text() == after


TOML = """# Notes
description = "Notes of a porter."
[labels]
'a "calm" one' = "nothing to do"
"alarm.now" = "something to do"
[[samples]]
input = "A leak."
output = "alarm.now"
actual = "alarm.now"
explanation = "It leaks."
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_files_in_other_formats_get_kinds_too(works, refuses, suffix, end):
    as_json = json.dumps(tomllib.loads(TOML), indent=4)
    text = TOML if suffix == ".toml" else as_json
    path = Path(f"porter{suffix}")
    before = text.rstrip().replace("\n", end or "\n")
    path.write_bytes((before + end).encode())
    works(f"init-task {path} -b scripted")
    after = path.read_bytes().decode()
    assert after.startswith(before.removesuffix("}").rstrip())
    assert after.endswith("\n") and after.count("\r\n") in (0, after.count("\n"))
    declaration = Declaration.from_file(path)
    assert declaration.kinds.keys() == declaration.asked.keys() == {'a "calm" one', "alarm.now"}
    refuses(f"init-task {path} -b scripted", "already has a key `kinds`")
    assert path.read_bytes().decode() == after


def test_what_to_type_next_is_quoted(small, works):
    write(small)
    Path("porter.yaml").rename("$(touch x).yaml")
    shown = works("init-task", "$(touch x).yaml", "-b", "scripted").out
    assert "  targen preview './$(touch x).yaml'" in shown


def test_a_completed_file_keeps_its_mode_and_its_ends_of_lines(small, works):
    text = write(small).replace("\n", "\r\n")
    Path("porter.yaml").write_bytes(text.encode())
    Path("porter.yaml").chmod(0o600)
    works("init-task porter.yaml -b scripted")
    after = Path("porter.yaml").read_bytes().decode()
    assert after.startswith(text) and after.count("\n") == after.count("\r\n")
    if sys.platform != "win32":
        assert Path("porter.yaml").stat().st_mode & 0o777 == 0o600


def test_a_person_s_dimension_takes_the_place_of_kinds(small, works):
    write({**small, "kinds": {"calm": ["lists what was done"]}})
    for said, kinds in (("=short,long", {"short", "long"}), ("=", {None})):
        out = f"run{len(kinds)}"
        works(f"generate porter.yaml -n 8 -b scripted --dimension kind{said} -q --out {out}")
        drawn = {record.get("dimensions", {}).get("kind") for record in records(out)}
        assert drawn == kinds


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("", "init-task none.yaml -b scripted", "there is no file none.yaml"),
        ("", "init-task porter.yaml --blank", "completed in place"),
        ("", "init-task porter.yaml --out b.yaml -b scripted", "completed in place"),
        ("{description: a, labels: {b: c, d: e}}", "init-task porter.yaml", "cannot add a key"),
        ("description: a", "init-task porter.yaml -b scripted", "labels"),
        (
            f"{CLASH}dimensions: {{kind: [x, y]}}",
            "init-task porter.yaml -b scripted",
            "dimensions.kind: the key `kinds` draws it",
        ),
        (
            f"{CLASH}seeds: {{description: x, dimensions: {{kind: [x, y]}}}}",
            "init-task porter.yaml -b scripted",
            "seeds.dimensions.kind: the key `kinds` draws it",
        ),
        ("", "init-task PORTER.JSON", "there is no file PORTER.JSON"),
        ("", "init-task . -b scripted", "cannot complete ."),
        ("description: a\noutput: {score: [1, 2]}", "init-task porter.yaml", "output"),
    ],
)
def test_a_file_that_cannot_be_completed_stays_as_it_is(small, refuses, text, line, error):
    text = text or write(small)
    Path("porter.yaml").write_text(text)
    refuses(line, error)
    assert Path("porter.yaml").read_text() == text


KIND = {"kind": "lists what was done.", "share": 100}


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ([("calm", [KIND])], "there are no kinds of alarm"),
        ([("calm", [KIND]), ("alarm", [])], "there are no kinds of alarm"),
        (
            [("calm", [KIND]), ("alarm", [KIND]), ("odd", [KIND])],
            "nothing of the task is called odd",
        ),
        ([("calm", [KIND]), ("alarm", [{"kind": " ", "share": 1}])], "kinds.alarm"),
        ([("calm", [KIND]), ("alarm", [{"kind": "x" * 201, "share": 1}])], "fewer kinds"),
        ([("calm", [KIND]), (" alarm", [{**KIND, "share": 60}, {**KIND, "share": 40}])], ""),
    ],
)
def test_a_reply_needs_kinds_of_each_label(small, labels, fault):
    declaration = Declaration(**small)
    check = listing(declaration).check
    reply = KindsReply.model_validate({"labels": [{"label": a, "kinds": b} for a, b in labels]})
    assert check is not None
    if fault:
        with pytest.raises(Rejected, match=fault):
            check(reply)
    else:
        check(reply)
        kinds = yaml.safe_load(reply.section(declaration))["kinds"]
        assert kinds == {label: {"lists what was done": 100} for label in ("calm", "alarm")}


def write(keys):
    text = yaml.safe_dump(keys, sort_keys=False)
    Path("porter.yaml").write_text(text)
    return text
