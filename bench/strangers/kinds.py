"""The kinds of files that may come from a stranger: how good ones are made, and who opens them.

To add a kind, write a function that makes a good one in `theirs/` of the working folder with the
real command, and list the files to take apart and the commands that open it.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TASK = """\
description: Short notes of a night porter.
labels:
  calm: nothing happened
  alarm: something must be done at once
fields:
  text: {description: the note, words: [3, 60]}
  hour: {type: int, range: [0, 23]}
contexts: {file: places.txt}
samples:
  - input: {text: A pipe burst in the cellar., hour: 3}
    output: calm
    actual: alarm
    explanation: water does harm at once
presets: {small: 2}
parameters: {generate: {temperature: 0.9}}
"""

NOTES = """\
description: Short notes of a night porter.
labels: {calm: nothing happened, alarm: something must be done at once}
fields: {text: the note}
"""

PRIVATE_ROWS = [
    {"premise": "SECRET came in", "hypothesis": f"it is wet {n}", "label": label, "idx": n}
    for n in range(12)
    for label in ("entailment", "not_entailment")
]


class Kitchen(Protocol):
    """What a kind is made with: the working folder, and `targen(*args)`, which has to succeed."""

    here: Path

    def targen(self, line: str, *, code: int = 0) -> None: ...


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        make: makes a good one in `theirs/`; if it makes folders `theirs/=NAME`, each is a
            variant, and a mutation takes one of them for `theirs/`.
        targets: what is taken apart, as globs below `theirs/`; repeat one to prefer it.
        commands: the commands that open it.
        aside: files that stand in the working folder itself, such as `targen.toml`.
    """

    make: Callable[[Kitchen], None]
    targets: tuple[str, ...]
    commands: tuple[str, ...]
    aside: tuple[str, ...] = ()


_QUICK = "-b scripted --no-cache -q"
_OPENS_DATA = (
    "validate theirs/{} --task rte --json",
    "export theirs/{} --task rte --as csv --out out.csv",
    "export theirs/{} --task rte --as openai --out out.jsonl",
    "analyze theirs/{} --task rte --metric labels --out out",
    "train theirs/{} --task rte --out out -q",
    "evaluate ../mine/model theirs/{} --task rte --json",
    "correct theirs/{} --task rte -b scripted --out out -n 2",
    "generate rte -n 2 --exclude theirs/{} --out out " + _QUICK,
    "review theirs/{} --task rte --plan --raters ann --out out",
    "catalogue build theirs/{} --index out -q",
)


def _opens(*names: str) -> tuple[str, ...]:
    return tuple(line.format(name) for name in names for line in _OPENS_DATA)


# --- runs ---------------------------------------------------------------------


def _runs(kitchen: Kitchen) -> None:
    (kitchen.here / "places.txt").write_text("a hotel by the sea\na night train\n")
    (kitchen.here / "task.yaml").write_text(TASK)
    for name, line in {
        "declared": "./task.yaml -n 4",
        "contexts": "rte -n 2 --contexts places.txt",
        "killed": "rte -n 4",
        "waiting": "rte -n 2",
        "excluding": "rte -n 2 --exclude ../mine/rows.csv",
    }.items():
        quick = "-b agent --no-cache -q" if name == "waiting" else _QUICK
        kitchen.targen(f"generate {line} {quick} --out theirs/={name}/run")
    (kitchen.here / "theirs/=killed/run/report.json").unlink()
    kitchen.targen(f"method zerogen rte -n 4 {_QUICK} --out theirs/=method/run")
    kitchen.targen("replay ../mine/rte --corrector vote --out theirs/=replayed/run")


def _answers(kitchen: Kitchen) -> None:
    kitchen.targen("generate rte -n 2 -b agent -q --out theirs/run")
    kitchen.targen("next theirs/run --out theirs/open.md")
    text = (kitchen.here / "theirs/open.md").read_text()
    text = text.replace("Answer:\n", 'Answer: ["tides", "bread"]\n')
    (kitchen.here / "theirs/open.md").write_text(text)


def _shards(kitchen: Kitchen) -> None:
    for n in (1, 2):
        kitchen.targen(f"generate rte -n 4 --shard {n}/2 {_QUICK} --out theirs/shard{n}")


# --- tasks --------------------------------------------------------------------


def _declarations(kitchen: Kitchen) -> None:
    import yaml

    value = yaml.safe_load(TASK)
    toml = 'description = "Notes."\nlabels = {calm = "nothing", alarm = "something"}\n'
    toml += 'contexts = {file = "places.txt"}\nfields = {text = "the note"}\n'
    for form, text in (("yaml", TASK), ("json", json.dumps(value)), ("toml", toml)):
        folder = kitchen.here / f"theirs/={form}"
        folder.mkdir(parents=True)
        (folder / f"task.{form}").write_text(text)
        (folder / "places.txt").write_text("a hotel\na night train\n")


def _method_files(kitchen: Kitchen) -> None:
    given = "".join(
        json.dumps(
            {"premise": f"A tide of {n} came in.", "hypothesis": "It is wet.", "label": label}
        )
        + "\n"
        for n in range(6)
        for label in ("entailment", "not_entailment")
    )
    for name, value in {
        "zerogen": {"use": "zerogen", "task": "rte"},
        "given": {"use": "coda", "task": "rte", "given": ["given.jsonl"], "options": {"keep": 0.5}},
        "file": {"use": "attrprompt", "task": "notes.yaml"},
    }.items():
        folder = kitchen.here / f"theirs/={name}"
        folder.mkdir(parents=True)
        (folder / "given.jsonl").write_text(given)
        (folder / "notes.yaml").write_text(NOTES)
        (folder / "task.yaml").write_text(json.dumps({"method": value}))


_OPENS_TASK = (
    "describe theirs/task.{}",
    "describe theirs/task.{} --prompts",
    "preview theirs/task.{} -b scripted -n 1 --no-cache",
    "estimate theirs/task.{} -b scripted -n 4",
    "generate theirs/task.{} -n 2 --out out " + _QUICK,
    "retrieve theirs/task.{} --catalogue ../mine/csvs --index out1 --json",
    "validate ../mine/rows.csv --task theirs/task.{}",
    "method zerogen theirs/task.{} -n 2 --out out " + _QUICK,
    "export ../mine/rows.csv --task theirs/task.{} --as csv --out out.csv",
    "compare-methods theirs/task.{} --methods targen -n 2 --no-judge -b scripted --out out",
    "transform theirs/task.{} -n 2 --catalogue ../mine/csvs --index out1 --out out " + _QUICK,
)


def _bigbench(kitchen: Kitchen) -> None:
    examples = [
        {"input": f"Is {n} even?", "target_scores": {"yes": float(n % 2 == 0), "no": float(n % 2)}}
        for n in range(6)
    ]
    value = {
        "name": "even",
        "description": "Say whether a number is even.",
        "keywords": ["numbers"],
        "metrics": ["multiple_choice_grade"],
        "preferred_score": "multiple_choice_grade",
        "examples": examples,
    }
    (kitchen.here / "theirs").mkdir()
    (kitchen.here / "theirs/task.json").write_text(json.dumps(value))


# --- reviews ------------------------------------------------------------------


_ANN = "11111111-2222-3333-4444-555555555555"


def _review(kitchen: Kitchen) -> None:
    kitchen.targen(f"generate rte -n 4 {_QUICK} --out theirs/rte")
    kitchen.targen("review theirs/rte --rubric paper --plan --raters ann,bob --out theirs/review")
    folder = kitchen.here / "theirs/review"
    # As somebody sends it: with its data beside it, which it names from there.
    shutil.copytree(kitchen.here / "theirs/rte", folder / "rte")
    plan = json.loads((folder / "review.json").read_text())
    plan["data"]["path"] = "rte"
    (folder / "review.json").write_text(json.dumps(plan))
    kitchen.targen("review export theirs/review --to argilla --out theirs/sheet")
    kitchen.targen("review export theirs/review --to label-studio --out theirs/ls")
    records = json.loads((kitchen.here / "theirs/sheet/records.json").read_text())
    for rater in ("ann", "bob"):
        lines = [{"format": 1, "rater": rater, "kind": "person"}]
        for n, record in enumerate(records):
            digest = record["metadata"]["targen_digest"]
            grade = {"after": "AB"[n % 2], "label": "entailment" if n % 2 else None}
            lines.append({"row": record["id"], "digest": digest, **grade, "comment": "a word"})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"grades-{rater}.jsonl").write_text(text)
    for record in records:
        record["responses"] = {
            "label": [{"value": record["metadata"]["intended"], "user_id": _ANN}],
            "grade": [{"value": "A", "user_id": _ANN}],
        }
    (kitchen.here / "theirs/records.json").write_text(json.dumps(records))


_RUBRIC = """\
name: mine
question: Is the row right?
grades:
  - {letter: A, title: right, meaning: it is right, acceptable: true}
  - {letter: B, title: wrong, meaning: it is wrong, acceptable: false}
"""


def _rubric(kitchen: Kitchen) -> None:
    (kitchen.here / "theirs").mkdir()
    (kitchen.here / "theirs/rubric.yaml").write_text(_RUBRIC)


# --- models and comparisons ---------------------------------------------------


def _models(kitchen: Kitchen) -> None:
    kitchen.targen("train ../mine/rte -q --out theirs/=named/model")
    kitchen.targen("train ../mine/porter -q --out theirs/=file/model")
    for variant in ("named", "file"):
        _npz_bomb(kitchen.here / f"theirs/={variant}/bomb.npz")


def _npz_bomb(path: Path) -> None:
    """256 MB of zeros where a model has its weights."""
    import numpy as np

    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("weights.npy", "w") as member,
    ):
        header = {"descr": "<f8", "fortran_order": False, "shape": (2, 16 << 20)}
        np.lib.format.write_array_header_1_0(member, header)
        for _ in range(256):
            member.write(bytes(1 << 20))


_EXPERIMENT = """\
name = "small"
task = "rte"
test = "tests.jsonl"
seeds = 1
sizes = ["natural"]

[arms]
a = "rows.jsonl"
b = "rows.jsonl"

[[models]]
trainer = "tfidf"
"""


def _experiment(kitchen: Kitchen) -> None:
    theirs = kitchen.here / "theirs"
    theirs.mkdir()
    shutil.copy(kitchen.here / "../mine/rte/dataset.jsonl", theirs / "rows.jsonl")
    shutil.copy(kitchen.here / "../mine/tests/dataset.jsonl", theirs / "tests.jsonl")
    (theirs / "experiment.toml").write_text(_EXPERIMENT)


_COMPARE = "compare ../mine/rte --test ../mine/tests --repeats 1 --out theirs/comparison"
_METHODS = (
    "compare-methods rte --data a=../mine/rte --test ../mine/tests --repeats 1 --no-judge"
    " --out theirs/methods"
)


def _comparison(kitchen: Kitchen) -> None:
    kitchen.targen(_COMPARE)
    (kitchen.here / "theirs").rename(kitchen.here / "once")
    (kitchen.here / "theirs").mkdir()
    (kitchen.here / "once").rename(kitchen.here / "theirs/=trained")
    kitchen.targen(_METHODS)
    (kitchen.here / "theirs/=methods").mkdir()
    (kitchen.here / "theirs/methods").rename(kitchen.here / "theirs/=methods/methods")


# --- data ---------------------------------------------------------------------


def _catalogue(kitchen: Kitchen) -> None:
    folder = kitchen.here / "theirs/csvs/reviews"
    folder.mkdir(parents=True)
    rows = "text,label\n" + "".join(f"review {n} of some length,{n}\n" for n in range(3))
    (folder / "data.csv").write_text(rows)
    card = "license: cc-by-4.0\ntags: [reviews, text]\nlanguage: en\npretty_name: Reviews\n"
    card += "configs:\n  - {config_name: default, data_files: data.csv}\n"
    card += "dataset_info: {features: [{name: text, dtype: string}]}\n"
    card += "task_categories: [text-classification]\nsize_categories: [n<1K]\n"
    (folder / "README.md").write_text(f"---\n{card}---\n# Reviews\n\nSome reviews of people.\n")
    (kitchen.here / "theirs/csvs/more.jsonl").write_text('{"text": "a", "label": 1}\n')


def _index(kitchen: Kitchen) -> None:
    _catalogue(kitchen)
    kitchen.targen("catalogue build theirs/csvs -q --index theirs/index")


def _rows(kitchen: Kitchen) -> None:
    rows = (kitchen.here / "../mine/rte/dataset.jsonl").read_text().splitlines()
    (kitchen.here / "theirs").mkdir()
    value = [json.loads(line) for line in rows]
    (kitchen.here / "theirs/rows.json").write_text(json.dumps(value))
    (kitchen.here / "theirs/rows.jsonl").write_text("".join(line + "\n" for line in rows))
    kitchen.targen("export ../mine/rte --as csv --out theirs/rows.csv")


def _parquet(kitchen: Kitchen) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kitchen.targen("export ../mine/rte --as parquet --out theirs/rows.parquet")
    kitchen.targen("export ../mine/rte --as hf --out theirs/saved")
    # A few kilobytes that are gigabytes of text: one long string, which each row refers to.
    for size, count in ((1 << 20, 2600), (1 << 16, 60_000)):
        numbers = pa.array([0] * count, pa.int32())
        text = pa.DictionaryArray.from_arrays(numbers, pa.array(["x" * size]))
        label = pa.DictionaryArray.from_arrays(numbers, pa.array(["entailment"]))
        table = pa.table({"premise": text, "hypothesis": text, "label": label})
        path = kitchen.here / f"theirs/bomb{count}.parquet"
        pq.write_table(table, path, compression="zstd", write_statistics=False)


def _weighed(kitchen: Kitchen) -> None:
    kitchen.targen("reweigh ../mine/rte -q --out theirs/weighed")


def _items(kitchen: Kitchen) -> None:
    (kitchen.here / "theirs").mkdir()
    (kitchen.here / "theirs/places.txt").write_text("a hotel by the sea\na night train\n")
    (kitchen.here / "theirs/places.csv").write_text("place\na hotel\na night train\n")
    (kitchen.here / "theirs/places.jsonl").write_text('"a hotel"\n"a night train"\n')
    seed = {"premise": "A tide came in over the long flat sands of the bay."}
    (kitchen.here / "theirs/seeds.jsonl").write_text(json.dumps(seed) + "\n")


def _imported(kitchen: Kitchen) -> None:
    import numpy as np

    theirs = kitchen.here / "theirs"
    theirs.mkdir()
    pair = {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs are asleep.", "Y": 0}
    lines = "".join(json.dumps({**pair, "Y": n % 2, "idx": n}) + "\n" for n in range(24))
    (theirs / "pairs.jsonl").write_text(lines)
    scored = {"text1": "It rains.", "text2": "It is wet.", "label": "entailment", "score": -0.5}
    (theirs / "train.json").write_text(
        json.dumps([{**scored, "start_prompt": "", "conj_prompt": ""} for _ in range(3)])
    )
    (theirs / "label.txt").write_text("calm\nalarm\n")
    row = {"_id": 0, "text": "A pipe burst in the cellar.", "label": 1, "length": "short"}
    (theirs / "attributes.jsonl").write_text(json.dumps(row) + "\n")
    np.save(theirs / "weights.npy", np.linspace(0.1, 1.0, 24))
    (theirs / "weights.jsonl").write_text(
        "".join(f'{{"idx": {n}, "weight": 0.5}}\n' for n in range(24))
    )


_SETTINGS = """\
concurrency = 4

[options]
temperature = 0.8
correct.temperature = 0

[profile.other]
rpm = 600
"""


def _settings(kitchen: Kitchen) -> None:
    (kitchen.here / "theirs").mkdir()
    (kitchen.here / "theirs/targen.toml").write_text(_SETTINGS)


_ATTRIBUTES = "import-rows attrprompt theirs/attributes.jsonl --task ../mine/notes.yaml"
_IMPORT = "import-rows zerogen theirs/pairs.jsonl --task rte --columns premise=C,hypothesis=X"

KINDS: dict[str, Kind] = {
    "run": Kind(
        _runs,
        (
            *["run/*"] * 4,
            *["run/manifest.json"] * 2,
            "run/journal",
            "run/ledger",
            "run/report.json",
        ),
        (
            "resume theirs/run -q --max-tokens 20000 --max-outage 1 --no-cache",
            "report theirs/run",
            "report theirs/run --json",
            "validate theirs/run",
            "export theirs/run --as csv --out out.csv",
            "export theirs/run --as openai --out out.jsonl",
            "next theirs/run --out out.md",
            "estimate rte -n 10 -b scripted --from theirs/run",
            "show theirs/run 0",
            "show theirs/run --rejected",
            "trace theirs/run 0 --json",
            "trace theirs/run 1.0/entailment/0",
            "diff theirs/run ../mine/rte",
            "diff ../mine/rte theirs/run --json",
            "replay theirs/run --out out --corrector vote",
            "replay theirs/run --out out --near-duplicates 50",
            "merge theirs/run --out out",
            "analyze theirs/run --metric labels --out out",
            "train theirs/run --out out -q",
            "correct theirs/run -b scripted --out out -n 2",
            "review theirs/run --plan --raters ann --out out",
            "runs theirs",
            "runs rm theirs/run --yes",
        ),
    ),
    "answers": Kind(
        _answers,
        (*["open.md"] * 4, "run/manifest.json", "run/batches.jsonl"),
        (
            "answer theirs/run theirs/open.md",
            "answer theirs/run theirs/open.md --json",
        ),
    ),
    "shard": Kind(
        _shards,
        (*["shard1/*"] * 2, *["shard1/manifest.json"] * 2, "shard1/provenance.jsonl"),
        (
            "merge theirs/shard1 theirs/shard2 --out out",
            "merge theirs/shard1 theirs/shard2 --out out --conflicting",
            "merge theirs/shard2 theirs/shard1 --out out -n 2",
        ),
    ),
    "declaration": Kind(
        _declarations,
        (*["task.*"] * 9, "places.txt"),
        tuple(line.format("*") for line in _OPENS_TASK),
    ),
    "method-file": Kind(
        _method_files,
        (*["task.yaml"] * 9, "notes.yaml", "given.jsonl"),
        tuple(line.format("yaml") for line in _OPENS_TASK),
    ),
    "bigbench": Kind(
        _bigbench,
        ("task.json",),
        (
            "answer-bigbench theirs/task.json -b scripted -n 3 --no-cache -q --out out",
            "retrieve theirs/task.json --catalogue ../mine/csvs --index out1 --json",
            "rate theirs/task.json --about numbers -b scripted -n 2 --no-cache -q --out out",
        ),
    ),
    "review": Kind(
        _review,
        (*["review/review.json"] * 6, "review/*", "rte/manifest.json", "rte/dataset.jsonl"),
        (
            "review report theirs/review --json",
            "review report theirs/review --out out.html",
            "review report theirs/review --out out.md --paper",
            "review apply theirs/review --out out",
            "review export theirs/review --to argilla --out out",
            "review export theirs/review --to label-studio --out out",
            "review grade theirs/review -b scripted -y -q",
            "review theirs/rte --out theirs/review --plan",
            "review theirs/rte --out theirs/review --as ann --plan",
        ),
    ),
    "sheet": Kind(
        _review,
        ("records.json",),
        (f"review import theirs/review theirs/records.json --rater {_ANN}=ann",),
    ),
    "rubric": Kind(
        _rubric,
        ("rubric.yaml",),
        (
            "review ../mine/rte --rubric theirs/rubric.yaml --plan --raters ann --out out",
            "review ../mine/rte --rubric theirs/rubric.yaml --json --raters ann --out out",
        ),
    ),
    "model": Kind(
        _models,
        (*["model/model.json"] * 5, "model/*", "model/model/*", "model/tasks/*/*"),
        (
            "evaluate theirs/model ../mine/rte --json",
            "evaluate theirs/model ../mine/porter",
            "evaluate theirs/model ../mine/tests --out out.jsonl",
            "train ../mine/rte -q --force --out theirs/model",
        ),
    ),
    "experiment": Kind(
        _experiment,
        (*["experiment.toml"] * 9, "rows.jsonl", "tests.jsonl"),
        (
            "compare theirs/experiment.toml --plan",
            "compare theirs/experiment.toml --out out",
            "compare theirs/experiment.toml --out out --json",
        ),
    ),
    "comparison": Kind(_comparison, ("**/*",), (_COMPARE, _COMPARE + " --json", _METHODS)),
    "card": Kind(
        _catalogue,
        (*["csvs/reviews/README.md"] * 8, "csvs/reviews/data.csv", "csvs/more.jsonl"),
        (
            "catalogue build theirs/csvs -q --index out",
            "retrieve rte --catalogue theirs/csvs --index out --json",
            "retrieve rte --catalogue theirs/csvs --index out --license permissive",
            f"transform rte -n 2 --catalogue theirs/csvs --index out1 --out out {_QUICK}",
        ),
    ),
    "index": Kind(
        _index,
        (*["index/index.sqlite"] * 7, "index/*"),
        (
            "catalogue list --index theirs/index",
            "catalogue list --index theirs/index --json",
            "catalogue show file:csvs/reviews/data.csv --index theirs/index",
            "retrieve rte --index theirs/index --json",
            "retrieve rte --index theirs/index",
            "catalogue build theirs/csvs -q --index theirs/index",
            "transform rte -n 2 -b scripted --no-cache -q --index theirs/index --out out",
            "catalogue remove theirs/csvs --index theirs/index",
        ),
    ),
    "rows": Kind(
        _rows,
        ("rows.json", "rows.jsonl", "rows.csv"),
        (
            *_opens("rows.json", "rows.jsonl", "rows.csv"),
            "method zerogen rte -n 2 --given theirs/rows.jsonl --out out " + _QUICK,
            "method coda rte -n 2 --given theirs/rows.csv --out out " + _QUICK,
            "compare theirs/rows.jsonl --test ../mine/tests --task rte --repeats 1 --out out",
            "reweigh theirs/rows.jsonl --task rte -q --out out",
            "rate theirs/rows.json --task rte -b scripted -n 2 --no-cache -q --out out",
            "retrieve rte --catalogue theirs --index out --json",
        ),
    ),
    "parquet": Kind(
        _parquet, ("rows.parquet", "saved/data/*", "saved/*"), _opens("rows.parquet", "saved")
    ),
    "weighed": Kind(
        _weighed,
        (*["weighed/weighing.json"] * 3, "weighed/*"),
        (
            *(line.format("weighed").replace(" --task rte", "") for line in _OPENS_DATA),
            "select theirs/weighed --by weight --out out",
        ),
    ),
    "items": Kind(
        _items,
        ("*",),
        (
            f"generate rte -n 2 --contexts theirs/places.txt --out out {_QUICK}",
            f"generate rte -n 2 --contexts theirs/places.csv --out out {_QUICK}",
            f"generate rte -n 2 --contexts theirs/places.jsonl --out out {_QUICK}",
            f"generate rte -n 2 --seeds theirs/seeds.jsonl --out out {_QUICK}",
        ),
    ),
    "import": Kind(
        _imported,
        ("*",),
        (
            f"{_IMPORT} --labels zerogen:rte --weights theirs/weights.npy --out out",
            "import-rows supergen theirs/train.json --task rte --labels supergen:rte --out out",
            f"{_ATTRIBUTES} --labels theirs/label.txt --out out",
        ),
    ),
    "settings": Kind(
        _settings,
        ("targen.toml",),
        (
            "config",
            "config --json",
            "estimate rte -n 2",
            "estimate rte -n 2 -b scripted",
            "preview rte -n 1 -b scripted --no-cache",
            "preview rte -n 1 --profile other --no-cache",
            f"generate rte -n 2 {_QUICK} --out out",
            "generate rte -n 2 --no-cache -q --out out",
            "check",
            "describe rte",
            "correct ../mine/rte -b scripted -n 2 --out out",
            "compare-methods rte --methods targen -n 2 --no-judge -b scripted --out out",
        ),
        aside=("targen.toml",),
    ),
}
"""Kind -> how it is made, taken apart and opened."""
