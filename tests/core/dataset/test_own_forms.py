"""Forms of labelled files that people have, beyond those of the contract."""

from __future__ import annotations

import bz2
import json
import lzma
import zipfile
from pathlib import Path

import pytest

from targen_core import read_dataset
from targen_core.errors import UsageError

PLAIN = [("Oh.", "ham"), ("Win now!", "spam")]
TASK = "description: Messages.\nlabels: {ham: wanted, spam: unwanted}\n"
FILES = {
    "trec.txt": "ham:private Oh.\nspam:prize Win now!\n",
    "last.txt": "Oh.\tham\nWin now!\tspam\n",
    "by-label.json": json.dumps({"ham": ["Oh."], "spam": ["Win now!"]}),
    "columns.json": json.dumps({"text": ["Oh.", "Win now!"], "label": ["ham", "spam"]}),
    "split.json": json.dumps({"train": [], "test": [{"text": t, "label": y} for t, y in PLAIN]}),
    "pairs.json": json.dumps(PLAIN),
    "prodigy.jsonl": "".join(
        json.dumps({"text": text, "accept": [label], "answer": answer}) + "\n"
        for (text, label), answer in zip([*PLAIN, ("No.", "ham")], "aai", strict=True)
        for answer in ({"a": "accept", "i": "ignore"}[answer],)
    ),
    "numbers.csv": "text,ham,spam\nOh.,1,0\nWin now!,0,1\n",
}


@pytest.fixture(autouse=True)
def task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mail.yaml").write_text(TASK)


def rows_of(path: str) -> list[tuple[str, str]]:
    return [(row["text"], row["label"]) for row in read_dataset(path, task="./mail.yaml").rows]


@pytest.mark.whole
@pytest.mark.parametrize("name", FILES)
def test_labelled_files_are_read_as_meant(name):
    Path(name).write_text(FILES[name])
    assert rows_of(name) == PLAIN


@pytest.mark.whole
@pytest.mark.parametrize("columns", [{"text": "Said"}, {"text": "Said", "label": "Kind"}])
def test_rows_have_the_columns_of_their_file(columns):
    Path("own.csv").write_text("No,Said,Kind\n1,Oh.,ham\n2,Win now!,spam\n")
    found = read_dataset("own.csv", task="./mail.yaml", map=columns)
    assert [(row["text"], row["label"]) for row in found.rows] == PLAIN
    assert [*found.own_rows] == [
        {"No": str(number), "Said": text, "Kind": label}
        for number, (text, label) in enumerate(PLAIN, 1)
    ]


@pytest.mark.whole
def test_classes_of_a_column_with_another_name_are_labels():
    datasets = pytest.importorskip("datasets")
    names = datasets.ClassLabel(names=["ham", "spam"])
    features = datasets.Features({"text": datasets.Value("string"), "kind": names})
    rows = {"text": [text for text, _ in PLAIN], "kind": [0, 1]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet("hub.parquet")
    assert rows_of("hub.parquet") == PLAIN


@pytest.mark.whole
def test_a_text_of_prodigy_may_have_no_spans():
    fields = "output: {spans: {town: a town}}\n"
    Path("towns.yaml").write_text("description: Sentences with towns.\n" + fields)
    span = {"start": 3, "end": 7, "label": "town"}
    rows = [{"text": "In Ulm.", "spans": [span]}, {"text": "At home."}]
    lines = (json.dumps({**row, "answer": "accept"}) for row in rows)
    Path("prodigy.jsonl").write_text("\n".join(lines))
    found = read_dataset("prodigy.jsonl", task="./towns.yaml").rows
    assert [len(row["spans"]) for row in found] == [1, 0]


@pytest.mark.whole
def test_a_folder_for_each_label_is_a_dataset():
    for number, (text, label) in enumerate(PLAIN):
        Path("mails", label).mkdir(parents=True)
        Path("mails", label, f"{number}.txt").write_text(text)
    assert rows_of("mails") == PLAIN


@pytest.mark.whole
@pytest.mark.parametrize("suffix", ["xz", "bz2", "zip"])
def test_compressed_files_are_read_as_what_they_contain(suffix):
    content = b"text,label\nOh.,ham\nWin now!,spam\n"
    path = Path(f"rows.csv.{suffix}")
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rows.csv", content)
    else:
        path.write_bytes((lzma if suffix == "xz" else bz2).compress(content))
    assert rows_of(str(path)) == PLAIN


@pytest.mark.whole
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("two.json", json.dumps({"train": PLAIN, "test": PLAIN}), "several splits: train, test"),
        ("wide.csv", "Oh.,ham,9\nWin now!,spam,8\n", "the first line looks like a row"),
        ("broken.csv.gz", "no gzip", "it cannot be unpacked"),
        ("either.csv", "text,first,second\nOh.,ham,spam\n", "may each be the label"),
    ],
)
def test_what_is_not_clear_is_refused(name, content, said):
    Path(name).write_text(content)
    with pytest.raises(UsageError, match=said) as caught:
        rows_of(name)
    assert caught.value.hint or "unpacked" in said


@pytest.mark.whole
def test_a_line_without_a_label_is_not_taken_for_a_row():
    Path("mixed.txt").write_text("".join(f"ham\tOh {n}.\n" for n in range(300)) + "no label\n")
    with pytest.raises(UsageError, match="line 301"):
        rows_of("mixed.txt")
