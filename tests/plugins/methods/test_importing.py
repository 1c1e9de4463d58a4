"""`targen import-rows`: published forms become datasets, and what is wrong is said or counted."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core import read_dataset
from targen_methods.importing.published import FORMS, PRESETS
from tests.runs import records


def jsonl(path: str, rows: Iterable[Any]) -> str:
    """A file of lines; bytes go in as they are."""
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    Path(path).write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def made(folder: str) -> list[dict[str, Any]]:
    return records(folder, "dataset.jsonl")


CXY = [
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs are asleep in winter.", "Y": 0},
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs hunt by day.", "Y": 1, "Prompt": "p3"},
]
SCORED = {"text1": "It rains.", "text2": "It is wet.", "label": "entailment", "score": -0.5}
SCORED |= {"start_prompt": "Wikipedia", "conj_prompt": "so"}
BOOK, ROOM = {"input": "A book.", "output": "L"}, {"input": "A room.", "output": "R"}
INSTANCES = [
    {"instruction": "Which?", **BOOK},
    {"instruction": "Which?", **ROOM},
    {"instruction": "Sum up.", "input": "A poem.", "output": "Any words."},
]
SEED_TASK = {"id": "seed_task_0", "name": "mail", "instruction": "Which?"}
SEED_TASK |= {"instances": [BOOK, ROOM], "is_classification": True}
LABELS_FIRST = "Class label: L\nA book.\n\nClass label: R\nA room."
INPUTS_FIRST = "Example 1\nA book.\nOutput: L\n\nExample 2\nA room.\nOutput: R"
WHICH = "--where instruction=Which? --columns text=input --labels L=loan,R=room"
BOTH = [("A book.", "loan"), ("A room.", "room")]
JOINED = "--columns text=instruction+input --labels L=loan"
DUE = [("Is it due?", "loan")]
SAME = {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0}
TEXTS = [{"idx": at, "text": f"mail {at}", "label": label} for at, label in enumerate([0, "-", 1])]
RATED = {"text": "Are &#34;Emma&#34; &amp; others back?", "label": "0", "score": -1.0}
TABLE = 'text\tlabel\ngiven\t0\n"two\nlines"\t1\nno label\n"odd"quote\t1\nlast\t1\n'
NUMBERED = "--labels 0=loan,1=room"

CHOSEN = {"instruction": "Which?"}

READ = {
    "texts alone": ("zerogen", "mail", CXY[1:], "--columns text=X --labels 1=loan",
        [("Hedgehogs hunt by day.", "loan")], {}, {"prompt": "p3", "condition": CXY[1]["C"]}),
    "scored": ("supergen", "pairs", [SCORED, 5, {**SCORED, "text2": " "}],
        "--labels supergen:rte", [("It rains.", "It is wet.", "entailment")],
        {"no-object": (1, 2), "empty-text": (1, 3)},
        {"row": 1, "score": -0.5, "start_prompt": "Wikipedia"}),
    "without a label": ("sungen", "mail", TEXTS, NUMBERED,
        [("mail 0", "loan"), ("mail 2", "room")], {"no-label": (1, 2)}, {}),
    "columns of the same name": ("lstm", "pairs", [SAME], "--labels 0=entailment",
        [("It rains.", "It is wet.", "entailment")], {}, {}),
    "seed tasks": ("self-instruct", "mail", [SEED_TASK], WHICH, BOTH, {}, CHOSEN),
    "all instances": ("self-instruct", "mail", INSTANCES, WHICH, BOTH,
        {"not-asked-for": (1, 3)}, CHOSEN),
    "labels first": ("self-instruct", "mail", [{**CHOSEN, "raw_instances": LABELS_FIRST}],
        WHICH, BOTH, {}, CHOSEN),
    "inputs first": ("self-instruct", "mail", [{**CHOSEN, "raw_instances": INPUTS_FIRST}],
        WHICH, BOTH, {}, CHOSEN),
    "prompt and completion": ("self-instruct", "mail",
        [{"prompt": "Is it due?", "completion": " L<|endoftext|>"}], JOINED, DUE, {}, {}),
    "joined columns": ("self-instruct", "mail",
        [{"instruction": "Is it due?", "input": "", "output": "L"}], JOINED, DUE, {}, {}),
    "a table": ("coda", "mail", TABLE, f"--skip 1 {NUMBERED}",
        [("two\nlines", "room"), ("last", "room")],
        {"skipped": (1, 2), "no-table-row": (2, 5)}, {}),
    "numbers for columns": ("coda", "mail", "0\t1\nIs it due?\tloan\n", "--labels same",
        DUE, {}, {}),
}  # fmt: skip
"""Form, task, published rows, what is typed, the rows, what is left out, and the first's origin."""


@pytest.mark.parametrize("name", READ)
def test_published_forms_are_read(works, mail, pairs, name):
    form, task, published, typed, rows, left_out, origin = READ[name]
    if form == "coda":
        Path("rows.tsv").write_text(published)
    elif form == "supergen":
        Path("rows.json").write_text(json.dumps(published, indent=1))
    else:
        jsonl("rows.jsonl", published)
    (file,) = Path().glob("rows.*")
    line = ("import-rows", form, file, "--task", f"{task}.yaml", *typed.split(), "--out", "out")
    done = works(*line, "--json")
    columns = ("premise", "hypothesis", "label") if task == "pairs" else ("text", "label")
    assert [tuple(row[column] for column in columns) for row in made("out")] == rows
    left = {name: (each["rows"], each["first"]) for name, each in done.json["left_out"].items()}
    assert left == left_out
    assert records("out")[0].items() >= origin.items()


@pytest.mark.parametrize("form", ["zerogen", "progen"])
def test_conditions_and_texts_become_pairs(works, pairs, form):
    file = jsonl("rows.jsonl", CXY)
    line = ("import-rows", form, file, "--task", pairs)
    by_hand = ("--columns", "premise=C,hypothesis=X", "--labels", "0=entailment,1=not_entailment")
    done = works(*line, *by_hand, "--out", "out")
    assert done.out.endswith("out\n")
    assert "unstated" in done.out
    second = {"premise": CXY[1]["C"], "hypothesis": CXY[1]["X"], "label": "not_entailment"}
    assert made("out")[1] == {**second, "idx": 1}
    origin = records("out")[1]
    assert (origin["line"], origin["published_label"], origin["prompt"]) == (2, "1", "p3")
    assert "condition" not in origin  # it is the premise
    facts = json.loads(Path("out/import.json").read_text())
    assert facts["file"]["sha256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert str(Path.cwd()) not in Path("out/import.json").read_text()
    # A known map brings both, and a dry run shows and writes nothing.
    before = set(Path().iterdir())
    known = ("import-rows", "zerogen", file, "--task", pairs, "--labels", "zerogen:rte")
    assert "Hedgehogs hunt by day." in works(*known, "--dry-run").out
    assert set(Path().iterdir()) == before
    done = works(*known, "--json")
    assert done.json["columns"] == {"premise": ["C"], "hypothesis": ["X"]}
    assert made("pairs-zerogen") == made("out")


def test_the_best_of_published_rows_are_kept_by_their_scores(works, pairs):
    rows = [{**SCORED, "text2": f"It is wet in {at}.", "score": -at} for at in (3, 1, 2)]
    Path("train.json").write_text(json.dumps(rows))
    start = ("import-rows", "supergen", "train.json", "--task", pairs, "--labels", "supergen:rte")
    works(*start, "--out", "out")
    works("select", "out", "--task", pairs, "--keep", "2", "--out", "best")
    assert [row["hypothesis"] for row in made("best")] == [
        "It is wet in 1.",
        "It is wet in 2.",
    ]


def test_entities_are_left_and_told_where_nobody_asked_for_more(works, mail):
    Path("train.json").write_text(json.dumps([RATED]))
    start = ("import-rows", "supergen", "train.json", "--task", mail, "--labels", "0=loan")
    assert "--unescape" in works(*start, "--out", "plain").err
    assert made("plain")[0]["text"] == RATED["text"]
    assert works(*start, "--unescape", "--out", "read").err == ""
    assert made("read")[0]["text"] == 'Are "Emma" & others back?'


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
        *("import-rows", "attrprompt", jsonl("attrprompt-v1.jsonl", rows), "--task", mail),
        *("--label-file", "label.txt", "--values", "style=style.txt", "--values", "topic=topic"),
        *("--out", "out", "--json"),
    )
    assert [row["label"] for row in made("out")] == ["room", "loan"]
    first, second = (each["attributes"] for each in records("out"))
    assert first == {"style": "warm", "topic": "a cello", "length": 7}
    assert second == {"style": 5}
    assert done.json["left_out"].keys() == {"several-labels", "odd-label"}
    assert done.json["license"] == "apache-2.0"
    card = Path("out/README.md").read_text()
    assert '\nlicense: "apache-2.0"\n' in card
    assert "yyu/*-attrprompt" in card


OPEN = """
from pydantic import BaseModel
from targen_core.plugins.loader import load_registry

class Instruction(BaseModel):
    instruction: str
    input: str = ""
    output: str

INSTRUCTIONS = load_registry().get("task", "free-instructions").replace(instance=Instruction)
"""


def test_open_labels_are_columns_like_others(refuses, works, alone):
    Path("open.py").write_text(OPEN)
    file = jsonl("rows.jsonl", INSTANCES)
    start = ("import-rows", "self-instruct", file, "--task", "./open.py", "--out")
    works(*start, "out")
    assert made("out")[2] == {**INSTANCES[2], "idx": 2}
    refuses((*start, "out", "--labels", "same", "--force"), "open labels")
    # What the task refuses is said in its words.
    Path("open.py").write_text(OPEN.replace('input: str = ""', "input: int"))
    done = refuses((*start, "other"), "not-a-row-of-the-task 3", code=1)
    assert "the first row: input: it must be a whole number" in done.err


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
    line = ("import-rows", "zerogen", file, "--task", mail, "--columns", "text=X")
    done = works(*line, "--labels", "0=loan", "--out", "out", "--json")
    assert len(made("out")) == 1
    left = {reason: each["rows"] for reason, each in done.json["left_out"].items()}
    assert left == dict.fromkeys(STRANGE, 1) | {"not-json": 2}
    for at, reason in enumerate(list(STRANGE)[1:], 3):
        assert done.json["left_out"][reason]["first"] == at


@pytest.mark.whole  # a folder names its task where that is installed
def test_an_imported_folder_is_a_dataset_with_card_and_origin(refuses, works):
    rows = [{**row, "C": f"{row['C']} {at}"} for at in range(3) for row in CXY]
    start = ("import-rows", "zerogen", jsonl("rows.jsonl", rows), "--labels", "zerogen:rte")
    works(*start, "--task", "rte")
    dataset = read_dataset("rte-zerogen")
    assert (dataset.task.name, len(dataset)) == ("rte", 6)
    assert "No licence is stated here." in dataset.card
    assert [each["line"] for each in dataset.provenance] == [1, 2, 3, 4, 5, 6]
    works("validate", "rte-zerogen")
    works("export", "rte-zerogen", "--as", "hf", "--license", "cc-by-4.0", "--out", "hf")
    assert "No licence" not in Path("hf/README.md").read_text()
    refuses((*start, "--task", "rte"), "", "--force")
    works(*start, "--task", "rte", "--limit", "2", "--force")
    assert len(read_dataset("rte-zerogen")) == 2


LABELS = ("--labels", "0=entailment,1=not_entailment")
REFUSED = {
    # Of the command line:
    "zerogen rows.jsonl --labels zerogen:rte --out ..": "not the name of a new folder",
    "zerogen rows.jsonl --labels 0": "does not map one label",
    "zerogen rows.jsonl": "zerogen:rte",
    "zerogen rows.jsonl --labels zerogen:rt": "zerogen:rte",
    "zerogen rows.jsonl --labels progen:imdb": "does not apply to rows of",
    "zerogen rows.jsonl --labels 0=yes,1=no": "yes is not a label",
    "zerogen rows.jsonl --labels 0=entailment --columns premise=C,hypothesis=X": "'1' (1 row)",
    "zerogen rows.jsonl LABELS --labels 0=not_entailment": "both",
    "zerogen rows.jsonl LABELS": "--columns premise=C,hypothesis=X",
    "zerogen rows.jsonl LABELS --columns premise=D": "no column 'D'",
    "zerogen rows.jsonl LABELS --columns premise=X,hypothesis=X": "hypothesis both map to",
    "zerogen rows.jsonl LABELS --columns premise=C": "does not map a column of the file",
    "zerogen rows.jsonl --labels zerogen:rte --where Z=1": "no column 'Z'",
    "zerogen rows.jsonl LABELS --logits": "--weights FILE",
    "zerogen rows.jsonl LABELS --encoding u8x": "unknown encoding",
    "supergn rows.jsonl LABELS": "supergen",
    "attrprompt made.jsonl LABELS --columns premise=text_a,hypothesis=text_b --values x": (
        "--values length="
    ),
    # Of the file:
    "progen list.json LABELS": "it looks like supergen",
    "coda words.tsv LABELS": "labels words",
    "self-instruct alone.jsonl LABELS": "all_instances_82K",
    "sungen best_thetas.pth LABELS": "weights_only=True",
    "sungen rows.zip LABELS": "an archive",
    "supergen list.txt LABELS": "end in .json",
    "sungen words.txt LABELS": "neither JSON Lines",
    "zerogen latin.jsonl LABELS": "--encoding NAME; NAME is the encoding in which its text is",
    "sungen empty.jsonl LABELS": "has no rows",
    "sungen odd.jsonl LABELS": "a row of sungen has idx, label, text; other formats: zerogen:",
}
"""What is typed after `targen import-rows`, and what the error or its hint says."""


@pytest.mark.parametrize(("typed", "said"), REFUSED.items(), ids=REFUSED)
def test_what_is_wrong_is_said_with_a_way_out(refuses, pairs, typed, said):
    jsonl("rows.jsonl", CXY)
    jsonl("made.jsonl", [{"_id": 0, "text_a": "a", "text_b": "b"}])
    jsonl("latin.jsonl", [b'{"C": "caf\xe9", "X": "x", "Y": 0}'])
    jsonl("odd.jsonl", [{"review": "Fine.", "stars": 5}])
    jsonl("alone.jsonl", [{"instruction": "Which?", "most_similar": {}}])
    Path("list.json").write_text(json.dumps([{**SCORED, "label": "x"}]))
    for name, text in (
        ("list.txt", "[1]"),
        ("words.tsv", "tokens\tner_tags\n['a']\t['O']\n"),
        ("rows.zip", "PK\x03\x04...."),
        ("words.txt", "some words\n"),
        ("empty.jsonl", "\n"),
    ):
        Path(name).write_text(text)
    Path("best_thetas.pth").write_bytes(pickle.dumps([1.0]))
    words = typed.replace("LABELS", " ".join(LABELS)).split()
    assert said in refuses(("import-rows", "--out", "out", *words, "--task", pairs), "").err


def test_columns_of_a_strangers_file_are_shown_in_short(refuses, pairs):
    strange = {**CXY[0], "\x1b[31m" + "x" * 10_000: 1, **dict.fromkeys(map(str, range(999)))}
    file = jsonl("rows.jsonl", [strange])
    done = refuses(("import-rows", "zerogen", file, "--task", pairs, *LABELS), "")
    assert len(done.err) < 1500
    assert "\x1b" not in done.err


def test_a_file_of_which_nothing_is_left_fails(refuses, mail):
    file = jsonl("x1.jsonl", [{"C": "A film", "X": None, "Y": 0}])
    line = ("import-rows", "zerogen", file, "--task", mail, "--columns", "text=X")
    done = refuses((*line, "--labels", "0=loan", "--out", "out"), "no-text 1", code=1)
    assert "in C" in done.err


@pytest.mark.parametrize("there", ["out", "out/mine.txt", "out/import.json out/grades.jsonl"])
def test_nothing_else_is_replaced(refuses, pairs, there):
    for name in map(Path, there.split()):
        name.parent.mkdir(exist_ok=True)
        name.write_text("{}")
    line = ("import-rows", "zerogen", jsonl("rows.jsonl", CXY), "--task", pairs)
    refuses(
        (*line, "--labels", "zerogen:rte", "--force", "--out", "out"),
        "",
        "choose a different --out",
    )


def test_each_known_map_is_for_a_form_and_its_columns():
    for name, preset in PRESETS.items():
        form = FORMS[name.partition(":")[0]]
        assert set(preset.texts) <= {column for keys in form.keys for column in keys}


@pytest.fixture
def weighed(mail):
    """A command that imports three rows, of which the second has no label, with weights."""
    start = ("import-rows", "sungen", jsonl("train.jsonl", TEXTS), "--task", mail)
    return (*start, *NUMBERED.split(), "--out", "out", "--weights")


def test_weights_go_with_their_rows(works, weighed, mail):
    np.save("thetas.npy", np.array([0.0, 5.0, -1000.0]))
    works(*weighed, "thetas.npy", "--logits")
    assert list(read_dataset("out", str(mail)).weights) == [0.5, 0.0]
    jsonl("weights.jsonl", [{"idx": at, "weight": at / 2} for at in (2, 1, 0)])
    works(*weighed, "weights.jsonl", "--force")
    assert list(read_dataset("out", str(mail)).weights) == [0.0, 1.0]
    assert [each["source_idx"] for each in records("out")] == [0, 2]
    card_and_weights = {path.name for path in Path("out").iterdir()}
    assert card_and_weights >= {"README.md", "import.json", "weighing.json"}


WEIGHTS = {
    "few": (np.ones(2), "no weight for the row 2"),
    "many": (np.ones(4), "4 weights for 3 rows"),
    "square": (np.ones((3, 3)), "not a list of numbers"),
    "objects": (np.array([{}, [], 1], dtype=object), "cannot read"),
    "millions": (np.ones(3_000_000, np.int8), "3,000,000 weights, more than 2,000,000"),
    "zero": (np.zeros(3), "all weights are 0"),
    "nan": (np.array([0, np.nan, 1]), "weight 2 is NaN"),
    "pickled": (None, "weights_only=True"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_other_rows_are_refused(refuses, weighed, name):
    values, said = WEIGHTS[name]
    file = f"{name}.npy" if values is not None else "best_thetas.pth"
    if values is None:
        Path(file).write_bytes(pickle.dumps([1.0]))
    else:
        np.save(file, values, allow_pickle=True)
    assert said in refuses((*weighed, file, *["--logits"] * (name == "nan")), "").err


PIECES = [bytes([byte]) for byte in b'[]{}"\\,:\n\t\0\xff']
PIECES += [b"null", b"1e999", b"NaN", b"[" * 5000, b"9" * 5000, b"\\ud800"]
PIECES += [b'"label": ', b'"instances": ', b'"C": ']
LIST = b'[{"text": "a", "label": "0", "score": -1}, {"text": "b", "label": "1"}]'
NESTED = b'{"instruction": "a", "instances": [{"input": "b", "output": "0"}, {"output": "1"}]}\n'
WHOLE = {
    "supergen": ("rows.json", LIST, "text"),
    "coda": ("rows.tsv", b'text\tlabel\n"a\nb"\t0\nc\t1\n', "text"),
    "self-instruct": ("rows.jsonl", NESTED, "input"),
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
    line = ("import-rows", form, name, "--task", mail, "--columns", f"text={text}")
    done = targen(*line, *NUMBERED.split(), "--out", "out", "--force")
    if done.code == 0:  # then what was written is a dataset
        works("validate", "out", "--task", mail)
    else:
        assert done.err.startswith("error: ")
