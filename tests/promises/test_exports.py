"""Each export loads in the library that it is for, with the right features."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from . import driver
from .driver import OUTPUTS, Shell, read_table

Rows = list[dict[str, Any]]
TYPED = ("rte", "boolq", *OUTPUTS)
FORMS = {
    **dict.fromkeys(("csv", "jsonl", "instructions", "openai"), ("rte",)),
    **dict.fromkeys(("parquet", "hf"), TYPED),
    **dict.fromkeys(("bio", "spacy"), ("entities",)),
    **dict.fromkeys(("dpo", "sft"), ("preferences",)),
    **dict.fromkeys(("argilla", "label-studio"), ("rte", "entities")),
}
EACH = [(run, form) for form, runs in FORMS.items() for run in runs]


def name_of(run: str, form: str) -> str:
    """The path to which a run is exported."""
    suffix = {"hf": "", "label-studio": "", "csv": ".csv", "parquet": ".parquet"}
    return f"exports/{run}-{form}{suffix.get(form, '.jsonl')}"


@pytest.fixture(scope="module")
def exported(canned: Shell) -> Shell:
    each = [driver.call("export", run, name_of(run, form), form=form) for run, form in EACH]
    driver.python_calls(canned, each)
    return canned


@pytest.fixture
def path(exported: Shell) -> Callable[[str, str], Path]:
    return lambda run, form: exported.folder / name_of(run, form)


@pytest.fixture
def load(exported: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Load an exported folder with Hugging Face's datasets."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    return lambda name: datasets.load_dataset(str(exported.folder / name), cache_dir=str(tmp_path))


def lines(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_listed_format_is_tested(exported: Shell) -> None:
    listed = exported("list-exporters").out.splitlines()[1:]
    assert {line.split()[0] for line in listed if "plugin-example" not in line} == {*FORMS}


def test_datasets_has_typed_features(exported: Shell, load: Any) -> None:
    classes = {"rte": ["entailment", "not_entailment"], "boolq": ["false", "true"]}
    for run in TYPED:
        data = load(name_of(run, "hf"))["train"]
        rows, features = exported.run(run).rows, data.features
        if run in classes:
            assert features["label"].names == classes[run]
            for row in rows:
                row["label"] = features["label"].str2int(str(row["label"]).lower())
        elif run == "mails":
            assert features["labels"].feature.names == ["refund", "delay", "damage", "praise"]
            for row in rows:
                row["labels"] = features["labels"].feature.str2int(row["labels"])
        elif run == "relatedness":
            assert features["score"].dtype == "float64"
        elif run == "entities":
            assert {features["spans"].feature[key].dtype for key in ("start", "end")} == {"int64"}
        assert data.to_list() == rows, run


def test_pandas_and_arrow_read_tables(exported: Shell, path: Any) -> None:
    pandas = pytest.importorskip("pandas")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = exported.run("rte").rows
    assert pandas.read_csv(path("rte", "csv")).to_dict("records") == rows
    assert read_table(path("rte", "csv")) == [{k: str(v) for k, v in row.items()} for row in rows]
    for run in TYPED:
        assert parquet.read_table(path(run, "parquet")).to_pylist() == exported.run(run).rows


def test_prompts_end_in_the_label(exported: Shell, path: Any) -> None:
    chats, plain = (lines(path("rte", form)) for form in ("openai", "instructions"))
    for row, chat, other in zip(exported.run("rte").rows, chats, plain, strict=True):
        *before, last = chat["messages"]
        assert last == {"role": "assistant", "content": row["label"]}
        assert other["completion"].strip() == row["label"]
        for prompt in (before[-1]["content"], other["prompt"]):
            assert row["premise"] in prompt and row["hypothesis"] in prompt


def test_preferences_are_conversations(exported: Shell, path: Any) -> None:
    roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    talks = [
        {key: [{"role": role, "content": row[key]}] for key, role in roles.items()}
        for row in exported.run("preferences").rows
    ]
    assert lines(path("preferences", "dpo")) == talks
    sft = [{"prompt": talk["prompt"], "completion": talk["chosen"]} for talk in talks]
    assert lines(path("preferences", "sft")) == sft


def test_spacy_and_conll_have_the_spans(exported: Shell, path: Any) -> None:
    rows = exported.run("entities").rows
    assert any(row["spans"] for row in rows)
    blocks = path("entities", "bio").read_text(encoding="utf-8").strip().split("\n\n")
    for row, block in zip(rows, blocks, strict=True):
        tagged = [line.split("\t") for line in block.splitlines()]
        assert "".join(token for token, _ in tagged) == "".join(row["text"].split())
        begun = [tag[2:] for _, tag in tagged if tag.startswith("B-")]
        assert begun == [span["type"] for span in row["spans"]]
    spacy = pytest.importorskip("spacy")
    docs = spacy.tokens.DocBin().from_disk(path("entities", "spacy"))
    for row, doc in zip(rows, docs.get_docs(spacy.blank("en").vocab), strict=True):
        assert doc.text == row["text"]
        found = [(each.start_char, each.end_char, each.label_) for each in doc.ents]
        assert found == [(each["start"], each["end"], each["type"]) for each in row["spans"]]


@pytest.mark.parametrize("run", ["rte", "entities"])
def test_label_tools_get_each_row_with_its_output(exported: Shell, path: Any, run: str) -> None:
    studio = path(run, "label-studio")
    for file in (path(run, "argilla"), studio / "tasks.json"):
        records = json.loads(file.read_text(encoding="utf-8"))
        for row, record in zip(exported.run(run).rows, records, strict=True):
            values = [row["label"]] if run == "rte" else [each["start"] for each in row["spans"]]
            values += [row.get("premise") or row["text"]]
            assert all(json.dumps(each) in json.dumps(record) for each in values)
    config = ElementTree.parse(studio / "config.xml").getroot()
    names = {each.get("name") for each in config.iter() if each.get("toName")}
    results = json.loads((studio / "tasks.json").read_text())[0]["predictions"][0]["result"]
    assert {result["from_name"] for result in results} <= names


def test_an_export_is_complete_or_absent(exported: Shell) -> None:
    bad = {"premise": "It rained.", "hypothesis": "It was dry.", "label": "no", "idx": 6}
    rows = [json.dumps(row) + "\n" for row in [*exported.run("rte").rows, bad]]
    (exported.folder / "wrong.jsonl").write_text("".join(rows))
    refused = exported(*driver.export("wrong.jsonl", "csv", "wrong.csv", task="rte"), ok=2)
    assert "wrong.jsonl, line 7" in refused.text and "entailment" in refused.text
    assert not (exported.folder / "wrong.csv").exists()
    before = (exported.folder / name_of("rte", "csv")).read_bytes()
    assert "--force" in exported(*driver.export("cb", "csv", name_of("rte", "csv")), ok=2).text
    assert (exported.folder / name_of("rte", "csv")).read_bytes() == before


@pytest.mark.parametrize("columns", [False, True])
def test_an_own_file_keeps_its_texts_labels_and_columns(shell: Shell, columns: bool) -> None:
    own = [{"Review": "It is bright and quiet.", "Liked": "yes"}]
    own += [{"Review": "It broke on the second day.", "Liked": "no"}]
    text = "\n".join(",".join(row) for row in [own[0], *(row.values() for row in own)])
    (shell.folder / "own.csv").write_text(text)
    task = driver.task_file(shell.folder, {"yes": "They liked it.", "no": "They did not."})
    shell(*driver.export("own.csv", "csv", "back.csv", task=task))
    shell(*driver.correct("own.csv", task, "back"))
    for found in (read_table(shell.folder / "back.csv"), shell.run("back").rows):
        for row, before in zip(found, own, strict=True):
            assert row == before if columns else {*before.values()} <= {*row.values()}
