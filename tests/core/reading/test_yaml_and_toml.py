"""YAML and TOML from a stranger: plain values, bounded, and errors that name the line."""

from __future__ import annotations

import pytest

from targen_core.errors import UnreadableFile
from targen_core.reading.typed import (
    read_toml,
    read_yaml,
    toml_of,
    yaml_of,
)

MERGE_BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)
ALIAS_BOMB = "a0: &a0 [lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("read", "text", "why"),
    [
        (read_toml, "a = 1\nb = oops\n", "line 2: it is not TOML"),
        (read_toml, "a = 1\nb = [", "line 2: it is not TOML"),
        (read_toml, "a = 1\nb = " + "[" * 99 + "]" * 99, "line 2: nested more than 16"),
        (read_toml, "a = 1\nb = " + "[" * 99_999, "line 2: nested more than 16"),
        (read_toml, "a = 1\nb = {" + ".".join("a" * 99999) + " = 1}", "line 2: nested more"),
        (read_yaml, "a: 1\nb: !!bool foo\n", "line 2: the tag '!!bool' is not supported"),
        (read_yaml, "a: !!int foo\n", "the tag '!!int' is not supported"),
        (read_yaml, "a: !!timestamp foo\n", "the tag '!!timestamp' is not supported"),
        (read_yaml, "a: !!python/object/apply:os.system [ls]\n", "the tag .* is not supported"),
        (read_yaml, "a: !unknown x\n", "the tag '!unknown' is not supported"),
        (read_yaml, "a: 1\nb: 0" + "7" * 5000, "line 2: '0777.* of more than 4,300 digits"),
        (read_toml, "a = 1\nb = " + "7" * 5000, "line 2: it contains a number of more than 4,300"),
        (read_toml, "a = 0x" + "f" * 5000, "a number of more than 8,192 bits"),
        (read_toml, "[[a]]\nb = [{c = 0o" + "7" * 5000 + "}]", "a number of more than 8,192 bits"),
        (read_yaml, "a: 1\na: 2\n", "line 2: the key 'a' is given twice"),
        (read_yaml, "a: &a [*a]\n", "line 1: the alias [*]a contains itself"),
        (read_yaml, "\n" + "[" * 999, "line 2: nested more than 16 levels deep"),
        (read_yaml, "? [a]\n: 1\n", "a key must be a string"),
        (read_yaml, "a: 1\nb: \x07", "line 2: the character #x0007 is not allowed"),
        (read_yaml, "a: [1\nb: 2", "line 2"),
        (read_yaml, MERGE_BOMB, "too large once its aliases are expanded"),
        (read_yaml, ALIAS_BOMB, "too large once its aliases are expanded"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(read, text, why, tmp_path):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=why) as caught:
        read(path)
    assert str(caught.value).startswith(f"cannot read {path}")
    assert isinstance(caught.value, ValueError)  # as `load` of a trainer promises


def test_yaml_has_the_values_of_its_version_1_2():
    text = "a: yes\nb: 2020-01-01\nc: 0x1f\nd: true\ne: 12\nf: 1.5\ng: ~\n1: !!str 5\n"
    values = {"a": "yes", "b": "2020-01-01", "c": "0x1f", "d": True, "e": 12, "f": 1.5, "g": None}
    assert yaml_of(text) == {**values, "1": "5"}
    assert yaml_of("") is None


def test_yaml_of_texts_alone():
    read = {"a": "yes", "b": "1", "c": "", "d": ["true"]}
    assert yaml_of("a: yes\nb: 1\nc:\nd: [true]\n", texts=True) == read


def test_merge_keys_and_aliases_are_followed():
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], c: 5}\nw: {<<: *y, d: *x}\n"
    values = yaml_of(text)
    assert values["z"] == {"a": 1, "b": 2, "c": 5}
    assert values["w"] == {"b": 3, "c": 4, "d": {"a": 1, "b": 2}}
    assert yaml_of('"<<": {a: 1}\n') == {"<<": {"a": 1}}
    assert yaml_of("<<: text\n") == {"<<": "text"}


def test_toml_is_a_table():
    assert toml_of("a.b = 1\n[c]\nd = [1, {e = 2}]\n") == {"a": {"b": 1}, "c": {"d": [1, {"e": 2}]}}
