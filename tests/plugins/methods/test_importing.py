"""`targen import-rows`: published forms become datasets, and what is wrong is said or counted."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core import read_dataset
from targen_methods.importing.published import FORMS, PRESETS
from tests.files import lines

Targen = Callable[..., Any]

PAIRS = """
description: Each row is two sentences.
labels:
  entailment: the second follows from the first
  not_entailment: it does not
fields:
  premise: the first
  hypothesis: the second
"""


@pytest.fixture
def pairs(tmp_path):
    """A task of pairs in a file."""
    (tmp_path / "pairs.yaml").write_text(PAIRS)
    return "pairs.yaml"


def jsonl(path: str, rows: Iterable[Any]) -> str:
    """A file of lines; bytes go in as they are."""
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    Path(path).write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def made(folder: str, name: str = "dataset.jsonl") -> list[dict[str, Any]]:
    return lines(Path(folder) / name)


CXY = [
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs are asleep in winter.", "Y": 0},
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs hunt by day.", "Y": 1, "Prompt": "p3"},
]


@pytest.mark.parametrize("form", ["zerogen", "progen"])
def test_conditions_and_texts_become_pairs(works, pairs, form):
    file = jsonl("rows.jsonl", CXY)
    done = works(
        *("import-rows", form, file, "--task", pairs, "--columns", "premise=C,hypothesis=X"),
        *("--labels", "0=entailment,1=not_entailment", "--out", "out"),
    )
    assert done.out.endswith("out\n")
    assert "unstated" in done.out
    assert made("out")[1] == {
        "premise": "Hedgehogs sleep all winter.",
        "hypothesis": "Hedgehogs hunt by day.",
        "label": "not_entailment",
        "idx": 1,
    }
    origin = made("out", "provenance.jsonl")[1]
    assert (origin["line"], origin["published_label"], origin["prompt"]) == (2, "1", "p3")
    assert "condition" not in origin  # it is the premise
    facts = json.loads(Path("out/import.json").read_text())
    assert facts["file"]["sha256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert str(Path.cwd()) not in Path("out/import.json").read_text()


def test_a_known_map_brings_labels_and_columns(works, pairs):
    file = jsonl("rows.jsonl", CXY)
    done = works(
        "import-rows", "zerogen", file, "--task", pairs, "--labels", "zerogen:rte", "--json"
    )
    assert done.json["columns"] == {"premise": ["C"], "hypothesis": ["X"]}
    assert [(each["published"], each["label"]) for each in done.json["examples"]] == [
        ("0", "entailment"),
        ("1", "not_entailment"),
    ]
    assert Path("pairs-zerogen/dataset.jsonl").is_file()


def test_one_list_of_scored_pairs(works, pairs):
    row = {"text1": "It rains.", "text2": "It is wet.", "label": "entailment"}
    scored = {**row, "start_prompt": "Wikipedia", "conj_prompt": "so", "score": -0.5}
    Path("train.json").write_text(json.dumps([scored, 5, {**scored, "text2": " "}], indent=1))
    works(
        *("import-rows", "supergen", "train.json", "--task", pairs, "--labels", "supergen:rte"),
        *("--out", "out"),
    )
    origin = made("out", "provenance.jsonl")
    assert [(o["row"], o["score"], o["start_prompt"]) for o in origin] == [(1, -0.5, "Wikipedia")]
    left = json.loads(Path("out/import.json").read_text())["left_out"]
    assert left == {
        "no-object": {"rows": 1, "first": 2},
        "empty-text": {"rows": 1, "first": 3},
    }


def test_the_best_of_published_rows_are_kept_by_their_scores(works, pairs):
    texts = {"text1": "It rains.", "label": "entailment"}
    rows = [{**texts, "text2": f"It is wet in {at}.", "score": -at} for at in (3, 1, 2)]
    Path("train.json").write_text(
        json.dumps([{**row, "start_prompt": "", "conj_prompt": ""} for row in rows])
    )
    start = ("import-rows", "supergen", "train.json", "--task", pairs, "--labels", "supergen:rte")
    works(*start, "--out", "out")
    works("select", "out", "--task", pairs, "--keep", "2", "--out", "best")
    assert [row["hypothesis"] for row in made("best")] == ["It is wet in 1.", "It is wet in 2."]


def test_entities_are_read_where_asked(targen, mail):
    row = {"text": "Are &#34;Emma&#34; &amp; others back?", "label": "0", "score": -1.0}
    Path("train.json").write_text(json.dumps([row]))
    start = ("import-rows", "supergen", "train.json", "--task", str(mail), "--labels", "0=loan")
    plain = targen(*start, "--out", "plain")
    assert "--unescape" in plain.err
    assert made("plain")[0]["text"] == row["text"]
    assert targen(*start, "--unescape", "--out", "read").err == ""
    assert made("read")[0]["text"] == 'Are "Emma" & others back?'


def test_rows_without_a_label_are_counted(targen, mail):
    rows = [
        {"idx": at, "text": f"mail {at}", "label": label} for at, label in enumerate([0, "-", 1])
    ]
    done = targen(
        *("import-rows", "sungen", jsonl("train.jsonl", rows), "--task", str(mail)),
        *("--labels", "0=loan,1=room", "--out", "out", "--json"),
    )
    assert done.json["left_out"] == {"no-label": {"rows": 1, "first": 2}}
    assert [each["source_idx"] for each in made("out", "provenance.jsonl")] == [0, 2]


def test_columns_of_the_same_name_need_no_map(works, pairs):
    row = {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0}
    works(
        *("import-rows", "lstm", jsonl("train.jsonl", [row]), "--task", pairs),
        *("--labels", "0=entailment", "--out", "out"),
    )
    assert made("out")[0]["premise"] == "It rains."


def test_numbers_of_labels_and_attributes_are_read_by_their_lists(works, mail):
    Path("label.txt").write_text("loan\nroom\n")
    Path("style.txt").write_text('1. terse\n2. "warm"\n')
    Path("topic").mkdir()
    Path("topic/room.txt").write_text("- a cello\n- a class\n")
    rows = [
        {"_id": 1, "text": "May we have a room?", "style": 1, "topic": 0, "length": 7},
        {"_id": [0], "text": "Is it due?", "style": 5},
        {"_id": [0, 1], "text": "Both."},
        {"_id": 9, "text": "Neither."},
    ]
    done = works(
        *("import-rows", "attrprompt", jsonl("attrprompt-v1.jsonl", rows), "--task", str(mail)),
        *("--label-file", "label.txt", "--values", "style=style.txt", "--values", "topic=topic"),
        *("--out", "out", "--json"),
    )
    assert [row["label"] for row in made("out")] == ["room", "loan"]
    first, second = (each["attributes"] for each in made("out", "provenance.jsonl"))
    assert first == {"style": "warm", "topic": "a cello", "length": 7}
    assert second == {"style": 5}
    assert done.json["left_out"].keys() == {"several-labels", "odd-label"}
    assert done.json["license"] == "apache-2.0"
    card = Path("out/README.md").read_text()
    assert '\nlicense: "apache-2.0"\n' in card
    assert "yyu/*-attrprompt" in card


SELF_INSTRUCT = {
    "seed_tasks": [
        {
            "id": "seed_task_0",
            "name": "mail",
            "instruction": "Which?",
            "instances": [{"input": "A book.", "output": "L"}, {"input": "A room.", "output": "R"}],
            "is_classification": True,
        }
    ],
    "all_instances": [
        {"instruction": "Which?", "input": "A book.", "output": "L"},
        {"instruction": "Which?", "input": "A room.", "output": "R"},
        {"instruction": "Sum up.", "input": "A poem.", "output": "Any words."},
    ],
    "classes_first": [
        {
            "instruction": "Which?",
            "raw_instances": "Class label: L\nA book.\n\nClass label: R\nA room.",
        }
    ],
    "inputs_first": [
        {
            "instruction": "Which?",
            "raw_instances": "Example 1\nA book.\nOutput: L\n\nExample 2\nA room.\nOutput: R",
        }
    ],
}


@pytest.mark.parametrize("name", SELF_INSTRUCT)
def test_instances_of_an_instruction_become_rows(works, mail, name):
    works(
        *("import-rows", "self-instruct", jsonl("rows.jsonl", SELF_INSTRUCT[name])),
        *("--task", str(mail), "--where", "instruction=Which?", "--columns", "text=input"),
        *("--labels", "L=loan,R=room", "--out", "out"),
    )
    assert [(row["text"], row["label"]) for row in made("out")] == [
        ("A book.", "loan"),
        ("A room.", "room"),
    ]
    assert made("out", "provenance.jsonl")[0]["instruction"] == "Which?"


def test_columns_are_joined(works, mail):
    row = {"prompt": "Is it back?", "completion": " L<|endoftext|>"}
    other = {"instruction": "Which?", "input": "", "output": "L"}
    for at, each in enumerate((row, other)):
        works(
            *("import-rows", "self-instruct", jsonl("rows.jsonl", [each]), "--task", str(mail)),
            *("--columns", "text=instruction+input", "--labels", "L=loan", "--out", f"out{at}"),
        )
    assert [made(f"out{at}")[0]["text"] for at in (0, 1)] == ["Is it back?", "Which?"]


OPEN = """
from pydantic import BaseModel
from targen_core import ListStep, Rows, Task

class Instruction(BaseModel):
    instruction: str
    input: str = ""
    output: str

async def nothing(llm, parent, existing):
    return []

async def write(seed, llm):
    raise NotImplementedError

INSTRUCTIONS = Task(
    name="instructions", version="1", summary="Instructions", description="Each is one.",
    instance=Instruction, contexts=ListStep(item=str, propose=nothing, batch=1, asks=False),
    generators={"any": write}, rows=Rows(label_of=lambda row: "any"),
)
"""


def test_open_labels_are_columns_like_others(targen, works):
    Path("instructions.py").write_text(OPEN)
    file = jsonl("rows.jsonl", SELF_INSTRUCT["all_instances"])
    start = ("import-rows", "self-instruct", file, "--task", "./instructions.py", "--out", "out")
    works(*start)
    assert made("out")[2] == {**SELF_INSTRUCT["all_instances"][2], "idx": 2}
    refused = targen(*start, "--labels", "same", "--force")
    assert (refused.code, "open labels" in refused.err) == (2, True)


def test_a_table_of_given_and_made_rows(works, mail):
    Path("mail_aug.tsv").write_text(
        'text\tlabel\ngiven\t0\n"two\nlines"\t1\nno label\n"odd"quote\t1\nlast\t1\n'
    )
    done = works(
        *("import-rows", "coda", "mail_aug.tsv", "--task", str(mail), "--skip", "1"),
        *("--labels", "0=loan,1=room", "--out", "out", "--json"),
    )
    assert [row["text"] for row in made("out")] == ["two\nlines", "last"]
    assert {reason: each["rows"] for reason, each in done.json["left_out"].items()} == {
        "skipped": 1,
        "no-table-row": 2,
    }


def test_a_table_whose_columns_are_numbers(works, mail):
    Path("mail.tsv").write_text("0\t1\nIs it due?\tloan\n")
    works(
        "import-rows", "coda", "mail.tsv", "--task", str(mail), "--labels", "same", "--out", "out"
    )
    assert made("out") == [{"text": "Is it due?", "label": "loan", "idx": 0}]


STRANGE = {
    "not-json": b'{"C": 1',
    "no-object": b"[1, 2]",
    "not-utf8": b'{"C": "\xff", "X": "x", "Y": 0}',
    "too-deep": b'{"C": "c", "X": ' + b"[" * 50_000 + b"]" * 50_000 + b', "Y": 0}',
    "nul-in-text": b'{"C": "c", "X": "a\\u0000b", "Y": 0}',
    "half-a-character": b'{"C": "c", "X": "\\ud800", "Y": 0}',
    "empty-text": b'{"C": "c", "X": "  ", "Y": 0}',
    "no-text": b'{"C": "c", "X": 7, "Y": 0}',
    "no-label": b'{"C": "c", "X": "x"}',
    "odd-label": b'{"C": "c", "X": "x", "Y": {"a": 1}}',
    "too-long": b'{"C": "c", "X": "' + b"x" * 300_000 + b'", "Y": 0}',
}


def test_what_strangers_send_is_counted_by_reason(works, mail):
    good = b'\xef\xbb\xbf{"C": "c", "X": "Is it due?", "Y": 0}'
    constant = b'{"C": "c", "X": "x", "Y": NaN}'
    file = jsonl("rows.jsonl", [good, *STRANGE.values(), constant])
    done = works(
        *("import-rows", "zerogen", file, "--task", str(mail), "--columns", "text=X"),
        *("--labels", "0=loan", "--out", "out", "--json"),
    )
    assert len(made("out")) == 1
    left = {reason: each["rows"] for reason, each in done.json["left_out"].items()}
    assert left == dict.fromkeys(STRANGE, 1) | {"not-json": 2}
    for at, reason in enumerate(list(STRANGE)[1:], 3):
        assert done.json["left_out"][reason]["first"] == at


@pytest.mark.whole  # a folder names its task where that is installed
def test_an_imported_folder_is_a_dataset_with_card_and_origin(targen, works):
    rows = [{**row, "C": f"{row['C']} {at}"} for at in range(3) for row in CXY]
    start = ("import-rows", "zerogen", jsonl("rows.jsonl", rows), "--labels", "zerogen:rte")
    works(*start, "--task", "rte")
    dataset = read_dataset("rte-zerogen")
    assert (dataset.task.name, len(dataset)) == ("rte", 6)
    assert "No licence is stated here." in dataset.card
    assert [each["line"] for each in dataset.provenance] == [1, 2, 3, 4, 5, 6]
    works("validate", "rte-zerogen")
    card = ("export", "rte-zerogen", "--as", "hf", "--license", "cc-by-4.0", "--out", "hf")
    works(*card)
    assert "No licence" not in Path("hf/README.md").read_text()
    again = targen(*start, "--task", "rte")
    assert (again.code, "--force" in again.err) == (2, True)
    works(*start, "--task", "rte", "--limit", "2", "--force")
    assert len(read_dataset("rte-zerogen")) == 2


def test_a_dry_run_shows_and_writes_nothing(works, pairs):
    file = jsonl("rows.jsonl", CXY)
    before = set(Path().iterdir())
    done = works(
        "import-rows", "zerogen", file, "--task", pairs, "--labels", "zerogen:rte", "--dry-run"
    )
    assert "Hedgehogs hunt by day." in done.out
    assert set(Path().iterdir()) == before


LABELS = ("--labels", "0=entailment,1=not_entailment")
REFUSED = {
    # Of the command line:
    "zerogen rows.jsonl --labels zerogen:rte --out ..": "not the name of a new folder",
    "zerogen rows.jsonl --labels 0": "not a map",
    "zerogen rows.jsonl": "zerogen:rte",
    "zerogen rows.jsonl --labels zerogen:rt": "zerogen:rte",
    "zerogen rows.jsonl --labels progen:imdb": "not for rows of",
    "zerogen rows.jsonl --labels 0=yes,1=no": "yes is no label",
    "zerogen rows.jsonl --labels 0=entailment --columns premise=C,hypothesis=X": "'1' (1 row)",
    "zerogen rows.jsonl LABELS --labels 0=not_entailment": "both",
    "zerogen rows.jsonl LABELS": "--columns premise=C,hypothesis=X",
    "zerogen rows.jsonl LABELS --columns premise=D": "no column 'D'",
    "zerogen rows.jsonl LABELS --columns premise=X,hypothesis=X": "premise and hypothesis are both",
    "zerogen rows.jsonl LABELS --columns premise=C": "leaves hypothesis",
    "zerogen rows.jsonl --labels zerogen:rte --where Z=1": "no column 'Z'",
    "zerogen rows.jsonl LABELS --logits": "--weights FILE",
    "zerogen rows.jsonl LABELS --encoding u8x": "unknown encoding",
    "supergn rows.jsonl LABELS": "supergen",
    "attrprompt made.jsonl LABELS --columns premise=text_a,hypothesis=text_b --values x": (
        "--values length="
    ),
    # Of the file:
    "zerogen . LABELS": "Is a directory",
    "zerogen /dev/null LABELS": "a device",
    "progen list.json LABELS": "it looks like supergen",
    "coda words.tsv LABELS": "labels words",
    "self-instruct alone.jsonl LABELS": "all_instances_82K",
    "sungen best_thetas.pth LABELS": "weights_only=True",
    "sungen rows.zip LABELS": "an archive",
    "supergen list.txt LABELS": "end in .json",
    "sungen words.txt LABELS": "neither lines of JSON",
    "sungen none.jsonl LABELS": "there is no file",
    "zerogen latin.jsonl LABELS": "--encoding cp1252",
    "sungen empty.jsonl LABELS": "has no rows",
}
"""What is typed after `targen import-rows`, and what the error says."""


@pytest.mark.parametrize(("typed", "said"), REFUSED.items(), ids=REFUSED)
def test_what_is_wrong_is_said_with_a_way_out(targen, pairs, typed, said):
    jsonl("rows.jsonl", CXY)
    jsonl("made.jsonl", [{"_id": 0, "text_a": "a", "text_b": "b"}])
    Path("list.txt").write_text("[1]")
    jsonl("latin.jsonl", [b'{"C": "caf\xe9", "X": "x", "Y": 0}'])
    jsonl("alone.jsonl", [{"instruction": "Which?", "most_similar": {}}])
    Path("list.json").write_text(
        json.dumps([{"text1": "a", "text2": "b", "label": "x", "score": 0}])
    )
    Path("words.tsv").write_text("tokens\tner_tags\n['a']\t['O']\n")
    Path("best_thetas.pth").write_bytes(pickle.dumps([1.0]))
    Path("rows.zip").write_bytes(b"PK\x03\x04....")
    Path("words.txt").write_text("some words\n")
    Path("empty.jsonl").write_text("\n")
    words = typed.replace("LABELS", " ".join(LABELS)).split()
    done = targen("import-rows", "--out", "out", *words, "--task", pairs)
    assert done.code == 2, done.err
    assert said in done.err
    assert not Path("out").exists()
    assert not list(Path().glob(".*.part"))


def test_what_a_task_refuses_is_said_in_its_words(targen):
    Path("open.py").write_text(OPEN.replace('input: str = ""', "input: int"))
    file = jsonl("rows.jsonl", SELF_INSTRUCT["all_instances"])
    done = targen("import-rows", "self-instruct", file, "--task", "./open.py", "--out", "out")
    assert done.code == 1
    assert "not-a-row-of-the-task 3" in done.err
    assert "the first: input: Input should be a valid integer" in done.err


def test_a_file_of_which_nothing_is_left_fails(targen, mail):
    rows = [{"C": "A film", "X": None, "Y": 0}]
    done = targen(
        *("import-rows", "zerogen", jsonl("x1.jsonl", rows), "--task", str(mail)),
        *("--columns", "text=X", "--labels", "0=loan", "--out", "out"),
    )
    assert done.code == 1
    assert "no-text 1" in done.err
    assert "in C" in done.err
    assert not Path("out").exists()


@pytest.mark.parametrize("there", ["file", "folder", "import"])
def test_nothing_else_is_replaced(targen, pairs, there):
    if there == "file":
        Path("out").write_text("mine")
    elif there == "import":
        Path("out").mkdir()
        Path("out/import.json").write_text("{}")
        Path("out/grades.jsonl").write_text("mine")
    else:
        Path("out").mkdir()
        Path("out/mine.txt").write_text("mine")
    done = targen(
        *("import-rows", "zerogen", jsonl("rows.jsonl", CXY), "--task", pairs),
        *("--labels", "zerogen:rte", "--force", "--out", "out"),
    )
    assert (done.code, "another --out" in done.err) == (2, True)
    assert any(
        path.read_text() == "mine"
        for path in (Path("out"), *Path("out").glob("*"))
        if path.is_file()
    )


def test_each_known_map_is_for_a_form_and_its_columns():
    for name, preset in PRESETS.items():
        form = FORMS[name.partition(":")[0]]
        assert set(preset.texts) <= {column for keys in form.keys for column in keys}


SUNGEN = [{"idx": at, "text": f"mail {at}", "label": label} for at, label in enumerate([0, "-", 1])]


def weighed(targen: Targen, mail: Path, weights: str, *more: str) -> Any:
    return targen(
        *("import-rows", "sungen", jsonl("train.jsonl", SUNGEN), "--task", str(mail)),
        *("--labels", "0=loan,1=room", "--out", "out", "--weights", weights, *more),
    )


def test_weights_go_with_their_rows(targen, mail):
    np.save("thetas.npy", np.array([0.0, 5.0, -1000.0]))
    assert weighed(targen, mail, "thetas.npy", "--logits").code == 0
    assert list(read_dataset("out", str(mail)).weights) == [0.5, 0.0]
    jsonl("weights.jsonl", [{"idx": at, "weight": at / 2} for at in (2, 1, 0)])
    assert weighed(targen, mail, "weights.jsonl", "--force").code == 0
    assert list(read_dataset("out", str(mail)).weights) == [0.0, 1.0]
    card_and_weights = {path.name for path in Path("out").iterdir()}
    assert card_and_weights >= {"README.md", "import.json", "weighing.json"}


@pytest.mark.parametrize(
    ("weights", "more", "said"),
    [
        ("few.npy", (), "no weight for the row 2"),
        ("many.npy", (), "4 weights for 3 rows"),
        ("negative.npy", (), "weight 1 is -1.0"),
        ("square.npy", (), "not a list of numbers"),
        ("objects.npy", (), "cannot read"),
        ("millions.npy", (), "3,000,000 weights, more than 2,000,000"),
        ("best_thetas.pth", (), "weights_only=True"),
        ("zero.npy", (), "all weights are 0"),
        ("nan.npy", ("--logits",), "weight 2 is NaN"),
    ],
)
def test_weights_of_other_rows_are_refused(targen, mail, weights, more, said):
    np.save("few.npy", np.ones(2))
    np.save("millions.npy", np.ones(3_000_000, np.int8))
    np.save("many.npy", np.ones(4))
    np.save("negative.npy", np.array([-1.0, 1, 1]))
    np.save("square.npy", np.ones((3, 3)))
    np.save("objects.npy", np.array([{}, [], 1], dtype=object), allow_pickle=True)
    np.save("zero.npy", np.zeros(3))
    np.save("nan.npy", np.array([0, np.nan, 1]))
    Path("best_thetas.pth").write_bytes(pickle.dumps([1.0]))
    done = weighed(targen, mail, weights, *more)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not Path("out").exists()


def test_columns_of_a_strangers_file_are_shown_in_short(targen, pairs):
    file = jsonl(
        "rows.jsonl",
        [{**CXY[0], "\x1b[31m" + "x" * 10_000: 1, **dict.fromkeys(map(str, range(999)))}],
    )
    done = targen("import-rows", "zerogen", file, "--task", pairs, *LABELS)
    assert done.code == 2
    assert len(done.err) < 1500
    assert "\x1b" not in done.err


PIECES = [bytes([byte]) for byte in b'[]{}"\\,:\n\t\0\xff']
PIECES += [b"null", b"1e999", b"NaN", b"[" * 5000, b"9" * 5000, b"\\ud800"]
PIECES += [b'"label": ', b'"instances": ', b'"C": ']
WHOLE = {
    "supergen": (
        "rows.json",
        b'[{"text": "a", "label": "0", "score": -1}, {"text": "b", "label": "1"}]',
        "text",
    ),
    "coda": ("rows.tsv", b'text\tlabel\n"a\nb"\t0\nc\t1\n', "text"),
    "self-instruct": (
        "rows.jsonl",
        b'{"instruction": "a", "instances": [{"input": "b", "output": "0"}, {"output": "1"}]}\n',
        "input",
    ),
}


@pytest.mark.parametrize("form", WHOLE)
@settings(max_examples=10)  # each is two commands
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 9), st.sampled_from(PIECES)), max_size=5
    )
)
def test_no_file_is_too_strange(targen, works, mail, form, cuts):
    name, content, text = WHOLE[form]
    for at, less, piece in cuts:
        content = content[:at] + piece + content[at + less :]
    Path(name).write_bytes(content)
    done = targen(
        *("import-rows", form, name, "--task", str(mail), "--columns", f"text={text}"),
        *("--labels", "0=loan,1=room", "--out", "out", "--force"),
    )
    if done.code == 0:  # then what was written is a dataset
        works("validate", "out", "--task", str(mail))
    else:
        assert done.err.startswith("error: ")
