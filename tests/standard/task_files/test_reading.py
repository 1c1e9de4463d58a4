"""Files of declarations: what is read, and what is said of what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_standard.task_files.model import Declaration

HEAD = "description: Notes of a night porter.\n"
LABELS = "labels:\n  calm: nothing happened\n  alarm: something must be done\n"


def read(folder: Path, text: str, name: str = "t.yaml") -> Declaration:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Declaration.from_file(path)


def test_the_three_forms_say_the_same(tmp_path, small):
    yaml = read(tmp_path, HEAD + LABELS)
    toml = read(
        tmp_path,
        'description = "Notes of a night porter."\n[labels]\n'
        'calm = "nothing happened"\nalarm = "something must be done"\n',
        "t.toml",
    )
    as_json = read(tmp_path, yaml.as_json(), "t.json")
    assert yaml == toml == as_json
    assert yaml.digest == toml.digest == as_json.digest


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n", "true", "null", "1", "1.5"])
def test_labels_and_seeds_are_words_whatever_yaml_takes_them_for(word, tmp_path):
    text = f"{HEAD}labels:\n  {word}: it is so\n  other: it is not\nseeds: [2024-05-01, 12:30]\n"
    if word not in ("null", "1.5"):
        text += f"samples:\n- {{input: A note., output: {word}, actual: other, explanation: so}}\n"
    declaration = read(tmp_path, text)
    assert list(declaration.labels) == [word, "other"]
    assert declaration.seeds.items == ("2024-05-01", "12:30")
    assert [sample.output for sample in declaration.samples] in ([], [word])


@pytest.mark.parametrize(
    ("name", "text", "where", "hint"),
    [
        (
            "t.json",
            '{\n "description": "a",\n "lables": {}\n}',
            "t.json, line 3: lables: unknown key",
            "did you mean labels",
        ),
        (
            "t.toml",
            'description = "a"\nlables = 3\n',
            "t.toml: lables: unknown key",
            "did you mean labels",
        ),
        (
            "t.json",
            '{"description": "a", "description": "b"}',
            "t.json: the key 'description' is given twice",
            "",
        ),
    ],
)
def test_other_forms_name_the_key(name, text, where, hint, tmp_path):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text, name).task()
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(where)
    assert hint in caught.value.hint


@pytest.mark.parametrize("file", ["towns.txt", "sub/towns.txt"])
def test_lists_may_stand_in_files_beside_it_or_below(file, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / file).write_text("Ystad\n\n  Porto \n", encoding="utf-8")
    declaration = read(tmp_path, f"{HEAD}{LABELS}contexts:\n  file: {file}\n")
    assert declaration.contexts.items == ("Ystad", "Porto")
    assert declaration.contexts.file == ""  # what a run keeps needs no other file


def test_a_digest_tells_what_decides_rows(declared):
    plain = declared()
    assert declared(summary="x", source="y", version="2", presets={"a": 3}).digest == plain.digest
    assert declared(description="Other notes.").digest != plain.digest
    assert declared(language="German").digest != plain.digest
    assert declared(name="n", draft=True).digest == plain.digest
