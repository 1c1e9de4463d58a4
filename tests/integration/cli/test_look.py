"""`targen look`, and the options that correct how a file is read."""

from __future__ import annotations

import json

import pytest

FILES = {
    "spam.csv": b"v1,v2,,\nham,See you at six.,,\nspam,Win\xe9 now.,,\nham,At six?,,\n",
    "bare.tsv": b"ham\tSee you.\nspam\tWin now.\nham\tAt six?\nspam\tWin now.\n",
    "odd.jsonl": (
        '{"text": "TrÃ¨s bon.", "label": "ham"}\n{"text": "Win.", "label": ""}\noops\n'.encode()
    ),
}


@pytest.fixture
def files(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "mail.yaml").write_text("description: Mail.\nlabels: {ham: wanted, spam: not}\n")


def test_it_says_how_a_file_is_read_and_what_to_type_where_it_is_not_certain(files, targen):
    unsure = targen("look", "spam.csv", "--encoding", "latin-1")
    assert unsure.code == 2 and "--map text=v2,label=v1" in unsure.out
    sure = targen("look", "spam.csv", "--encoding=latin-1", "--map", "text=v2,label=v1")
    assert sure.code == 0
    assert sure.out.startswith(
        "spam.csv: 3 rows; text = text, label = label (ham 2, spam 1); latin-1\n"
    )
    assert "--no-header --map text=2,label=1" in targen("look", "bare.tsv").out
    by_task = targen("look", "bare.tsv", "--task", "mail.yaml")
    assert "4 rows; text = text, label = label (ham 2, spam 2)" in by_task.out
    assert "with a text that came before: 1 row, first line 4" in by_task.out


def test_misreadings_are_counted_with_the_first_place(files, targen):
    found = json.loads(targen("look", "odd.jsonl", "--json").out)
    assert found["rows"] == 2 and found["labels"] == {"ham": 1}
    places = {each["what"].partition(" (")[0]: each["first"] for each in found["problems"]}
    assert places == {
        "with characters of a wrong encoding": "line 1",
        "without a label": "line 2",
        "left out": "line 3",
    }
    assert targen("look", "odd.jsonl").code == 0 and targen("look", "odd.jsonl", "--strict").code


def test_commands_read_files_as_the_person_says(files, targen):
    said = ("--encoding", "latin-1", "--map", "text=v2,label=v1")
    assert targen("validate", "spam.csv", "--task", "mail.yaml", *said).code == 0
    wrong = targen(
        "validate", "spam.csv", "--task", "mail.yaml", "--encoding", "latin-1", "--map=text=x"
    )
    assert wrong.code == 2 and "has no column x" in wrong.err
    twice = ("--map", "text=v2", "--map", "label=v1", "--encoding=latin-1")
    assert targen("validate", "spam.csv", "--task", "mail.yaml", *twice).code == 0
    assert "no file of rows was read" in targen("list", "--map", "text=v2").err
