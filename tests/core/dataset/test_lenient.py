"""Reading that goes on behind bad rows: what is read, and what is said of the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from targen_core.dataset.model import row_digest
from targen_core.dataset.reading import read_dataset
from targen_core.errors import UsageError


class Twin(BaseModel):
    """One official row of a pair."""

    model_config = ConfigDict(extra="forbid")

    text: str
    label: str | None = None
    idx: int


@pytest.fixture(scope="session")
def pairs(lab):
    """A task whose rows come in pairs with the same label."""

    def read(rows):
        one, two = rows
        if one.get("label") != two.get("label"):
            raise ValueError("the two rows have different labels")
        if one.get("label") is None:
            return []
        return [lab.Row(seed="-", text=f"{one['text']} {two['text']}", label=one["label"])]

    return lab.World(rows_per_instance=2).task(rows={"schema": Twin, "from_rows": read})


def scan(path, task):
    return read_dataset(path, task, strict=False)


def test_a_strict_reader_leaves_out_only_what_the_original_data_has(lab, tmp_path):
    odd = {"text": "word", "labels": "yes", "idx": 2}
    task = lab.World().task(rows={"schema": Twin, "oddities": {row_digest(odd): "val 2"}})
    read = read_dataset(_write(tmp_path / "f", [*_rows(2), odd]), task)
    assert [row["idx"] for row in read] == [0, 1]
    assert [(p.line, p.known) for p in read.problems] == [(3, "val 2")]
    with pytest.raises(UsageError, match="line 4 does not fit the task"):
        read_dataset(_write(tmp_path / "g", [*_rows(2), odd, {**odd, "idx": 3}]), task)


def _rows(count):
    return [{"text": f"word {at}", "label": "yes", "idx": at} for at in range(count)]


def _write(path, rows):
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows))
    return path


def test_a_bad_row_takes_its_partner_along_and_no_other_pair(pairs, tmp_path):
    rows = [*_rows(3), "{broken", *_rows(8)[4:]]
    dataset = scan(_write(tmp_path / "f", rows), pairs)
    assert [(p.line, p.idx) for p in dataset.problems] == [(4, None)]
    assert [unit.idx for unit in dataset.units()] == [0, 4, 6]
    assert len(dataset) == 6


def test_rows_without_labels_are_read_and_counted(pairs, tmp_path):
    rows = [{k: v for k, v in row.items() if k != "label"} for row in _rows(4)]
    dataset = scan(_write(tmp_path / "f", [*rows, *_rows(6)[4:]]), pairs)
    assert [len(unit.instances) for unit in dataset.units()] == [0, 0, 1]
    assert dataset.problems == []


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_a_file_of_another_kind_of_rows_is_given_up(name, pairs, tmp_path, monkeypatch):
    """Problems take more memory than the rows that have them."""
    monkeypatch.setattr("targen_core.dataset.reading._MOST_PROBLEMS", 1000)
    rows = ["{}"] * 1001
    text = f"[{','.join(rows)}]" if name == "rows.json" else "\n".join(rows)
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=r"at least 1,000 rows do not fit the task .*no such col"):
        scan(tmp_path / name, pairs)


@given(text=st.text())
def test_any_text_is_read_as_it_was_written(lab, folder, text):
    task = lab.World().task()
    row = {"seed": "s", "text": text, "label": "yes", "idx": 0}
    with folder() as path:
        for ascii_only in (True, False):
            line = json.dumps(row, ensure_ascii=ascii_only)
            (path / "f").write_bytes(line.encode("utf-8") + b"\n")
            dataset = scan(path / "f", task)
            assert dataset.problems == []
            assert dataset.rows[0]["text"] == text
            assert [each.text for each in dataset.instances] == [text]
