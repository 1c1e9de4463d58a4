"""A dataset in each of its forms reads back as the same dataset; what cannot be read is said."""

from __future__ import annotations

import importlib
import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from targen_core import Label, Task, read_dataset
from targen_core.cli.markup import is_formula
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.exporting import table as csv
from targen_standard.exporting.hub import HF, PARQUET
from targen_standard.exporting.lines import JSONL

from .tasks import make_task

CSV = csv.CSV.make(csv.CsvOptions())

pytestmark = pytest.mark.whole


class Span(BaseModel):
    start: int
    text: str


class Row(BaseModel):
    """A row with a column of each kind."""

    text: str
    note: str | None = None
    score: float | None = None
    count: int
    sure: bool
    kind: Literal["cause", "effect"]
    target: Span
    answers: list[str] = []
    spans: list[Span] = []
    label: Any


LABELS = {
    "texts": (Label("yes"), Label("no", "not_yes")),
    "truth": (Label("true", True), Label("false", False)),
    "numbers": (Label("second", 1), Label("first", 0)),
}
TASKS = {
    name: make_task(name="toy", instance=Row, labels=labels) for name, labels in LABELS.items()
}

# No cell of a table tells an empty text from a missing one, and no reader keeps "\r" as it is.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1)
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_SPAN = st.fixed_dictionaries({"start": _WHOLE, "text": _TEXT})


def _row(labels: tuple[Label, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "text": st.text(st.characters(codec="utf-8", exclude_characters="\r\0")),
            "count": _WHOLE,
            "sure": st.booleans(),
            "kind": st.sampled_from(["cause", "effect"]),
            "target": _SPAN,
        },
        optional={
            "note": _TEXT,
            "score": st.floats(allow_nan=False, allow_infinity=False),
            "answers": st.lists(_TEXT),
            "spans": st.lists(_SPAN),
            "label": st.sampled_from([label.official for label in labels]),
        },
    )


@st.composite
def datasets_of(draw: st.DrawFn) -> Dataset:
    task = TASKS[draw(st.sampled_from(sorted(TASKS)))]
    rows = draw(st.lists(_row(task.labels), min_size=1, max_size=6))
    return Dataset("toy", task, [{**row, "idx": at} for at, row in enumerate(rows)])


@pytest.mark.parametrize(
    "exporter", [JSONL, CSV, HF, PARQUET], ids=["jsonl", "csv", "hf", "parquet"]
)
@settings(max_examples=12)
@given(dataset=datasets_of())
def test_every_export_reads_back_as_the_same_dataset(exporter, dataset):
    pq = importlib.import_module("pyarrow.parquet")
    if exporter is CSV:  # in which a formula gets an apostrophe
        rows = [{name: _no_formula(value) for name, value in row.items()} for row in dataset.rows]
        dataset = Dataset(dataset.name, dataset.task, rows)
    assert read_dataset(dataset) is dataset
    assert read_dataset(dataset.rows, dataset.task) == dataset
    assert read_dataset(iter(dataset.rows), dataset.task).digest == dataset.digest
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"made{exporter.suffix}"
        exporter.write(dataset, out)
        read_back = read_dataset(out, dataset.task)
        assert read_back.digest == dataset.digest
        assert list(read_back.instances) == list(dataset.instances)
        assert read_back.labels == dataset.labels
        if exporter is PARQUET:
            held = pq.read_table(out).to_pylist()
            assert [row.get("label") for row in held] == [row.get("label") for row in dataset]
        if not exporter.suffix:
            (path,) = out.glob("data/*.parquet")
            assert read_dataset(path, dataset.task).digest == dataset.digest


def _no_formula(value: Any) -> Any:
    return f"a{value}" if isinstance(value, str) and is_formula(value) else value


ROWS = [
    {"text": "one", "label": "not_yes", "target": {"start": 0, "text": "o"}, "kind": "cause"},
    {"text": "two", "label": "yes", "target": {"start": 1, "text": "w"}, "kind": "effect"},
    {"text": "", "target": {"start": 0, "text": ""}, "kind": "effect", "note": "no label"},
]
ROWS = [{**row, "count": at, "sure": at == 0, "idx": at} for at, row in enumerate(ROWS)]


@pytest.fixture
def dataset():
    return Dataset("toy", TASKS["texts"], ROWS)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """`datasets`, offline and with a cache of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_DATASETS_OFFLINE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        datasets = importlib.import_module("datasets")
        datasets.disable_progress_bars()
        yield datasets


def test_what_datasets_saves_and_holds(dataset, library, tmp_path):
    held = dataset.to_hf()
    assert held.features["label"].names == ["yes", "not_yes"]
    held.save_to_disk(str(tmp_path / "saved"))
    for source in (held, tmp_path / "saved", str(tmp_path / "saved")):
        read_back = read_dataset(source, dataset.task)
        assert read_back.digest == dataset.digest
    library.DatasetDict(train=held).save_to_disk(str(tmp_path / "one"))
    assert read_dataset(tmp_path / "one", dataset.task).digest == dataset.digest
    library.DatasetDict(train=held, test=held).save_to_disk(str(tmp_path / "two"))
    with pytest.raises(UsageError) as caught:
        read_dataset(tmp_path / "two", dataset.task)
    assert str(caught.value) == f"{tmp_path / 'two'} contains several datasets: test, train"
    assert caught.value.hint == f"choose one, such as {tmp_path / 'two' / 'test'}"
    assert read_dataset(tmp_path / "two" / "train", dataset.task).digest == dataset.digest


@pytest.mark.parametrize(
    ("names", "labels", "values"),
    [
        (["not_entailment", "entailment"], ("entailment", "not_entailment"), None),
        (["False", "True"], ("false", "true"), {"false": False, "true": True}),
        (["choice1", "choice2"], ("first", "second"), {"first": 0, "second": 1}),
    ],
)
def test_labels_of_others_are_found_by_name_and_then_by_number(names, labels, values, library):
    class Text(BaseModel):
        text: str
        label: Any

    task = make_task(
        instance=Text, labels=tuple(Label(name, (values or {}).get(name)) for name in labels)
    )
    features = library.Features(
        {
            "text": library.Value("string"),
            "label": library.ClassLabel(names=names),
            "idx": library.Value("int32"),
        }
    )
    rows = {"text": ["a", "b", "c"], "label": [0, 1, -1], "idx": [0, 1, 2]}
    dataset = read_dataset(library.Dataset.from_dict(rows, features=features), task)
    first, second = (
        [0, 1] if names[0] == "choice1" else [False, True] if names[0] == "False" else names
    )
    assert [row.get("label") for row in dataset] == [first, second, None]


def test_a_table_as_pandas_writes_it(dataset, tmp_path):
    rows = [{key: row[key] for key in ("text", "label", "idx", "sure")} for row in ROWS[:2]]

    class Flat(BaseModel):
        text: str
        sure: bool
        label: Literal["yes", "not_yes"]

    task = make_task(instance=Flat, labels=LABELS["texts"])
    frame = Dataset("flat", task, rows).to_pandas()
    frame.to_csv(tmp_path / "flat.csv", index=False)
    assert "True" in (tmp_path / "flat.csv").read_text()
    frame.to_csv(tmp_path / "flat.tsv", index=False, sep="\t")
    for name in ("flat.csv", "flat.tsv"):
        assert list(read_dataset(tmp_path / name, task)) == rows


def flat() -> Task[Any, Any]:
    """A task of one column."""

    class Flat(BaseModel):
        text: str

    return make_task(name="flat", instance=Flat, labels=())


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "text,idx\nx,one\n", "idx: it must be a whole number"),
        ("a.jsonl", '{"text": "x", "idx": 0}\n{"text": "x"}\n', "idx: no such column"),
    ],
)
def test_what_is_wrong_is_said_in_the_same_words(name, text, words, tmp_path):
    """Beside the table of mistakes in datasets, of the command."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_dataset(tmp_path / name, flat())
    assert f"{name}, line 2 does not fit the task flat: {words}" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"text": "a"}, "is not a dataset: pass a path or rows"),
        (5, "is not a dataset: pass a path or rows"),
        (None, "is not a dataset: pass a path or rows"),
        (([ROWS[0]], [ROWS[0]]), r"a list of datasets \(2\) was passed where one"),
        ([Path("nowhere")], "a list of datasets"),
        ([ROWS[0], "text"], "the given data, row 2 does not fit the task toy: str is not a row"),
    ],
)
def test_what_is_no_dataset_at_all(source, said, dataset):
    with pytest.raises(UsageError, match=said):
        read_dataset(source, dataset.task)


def test_a_null_label_is_no_label_in_every_form(tmp_path):
    class Row(BaseModel):
        text: str
        label: Literal["same", "other"]

    task = make_task(name="flat", instance=Row)
    rows = [{"text": "x", "label": None}, {"text": "y", "label": "same"}]
    forms = {
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "a.json": json.dumps(rows),
        "a.csv": "text,label\nx,\ny,same\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        read = read_dataset(tmp_path / name, task)
        assert read.rows == [{"text": "x", "idx": 0}, {**rows[1], "idx": 1}], name
    (tmp_path / "a.jsonl").write_text('{"text": null, "label": null}\n')
    with pytest.raises(UsageError, match="text: it must be text"):
        read_dataset(tmp_path / "a.jsonl", task)
