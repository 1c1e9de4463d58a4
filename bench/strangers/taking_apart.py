"""Take a good file apart: replace fields with hostile values, damage bytes, plant links and FIFOs.

Every choice comes from the `random.Random` that is passed: the same one does the same again.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import random
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any
from zlib import crc32

_FRAME = Struct("<III")  # of a ledger: the sizes of its parts, and a check sum over them

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    7,
    2**31,
    2**63,
    10**30,
    10**4000,
    1.5,
    1e308,
    -1e-308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "x" * 200_000,
    "\ud83d",
    "\x00\x1b[31m\u202e",
    "a\r\nX-Evil: 1",
    "=HYPERLINK(1)",
    "<script>alert(1)</script>",
    "%s{}{0.__class__}$x",
    "(a+)+$",
    "con",
    "..",
    ".",
    "/",
    [],
    {},
    [[]],
    {"x": {"y": 1}},
    ["x"] * 1000,
    {str(n): n for n in range(1000)},
)

RAW_JSON = ("NaN", "-Infinity", "1e999", "1" * 5000, "[" * 90 + "]" * 90, "[" * 3000 + "]" * 3000)
RAW_DEEP = ('{"a":' * 100_000 + "1" + "}" * 100_000, "[" * 100_000)
_BOMB = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9))
_MERGES = "".join(
    f"y{n}: &y{n} {{<<: [{', '.join([f'*y{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 9)
)
BOMBS = ("x0: &x0 [a, b, c]\n" + _BOMB, "y0: &y0 {a: 1, b: 2}\n" + _MERGES)
RAW_YAML = (
    "!!python/object/apply:os.system ['touch ran']",
    "!!python/name:evilmod.Evil",
    "!!python/module:evilmod",
    "!!bool foo",
    "!!int x",
    "!!float x",
    "!!timestamp x",
    "!!binary '*'",
    "!!set {a, b}",
    "!!omap [a: 1, a: 2]",
    "!!null x",
    "!!merge x",
    "!evil x",
    "*unknown",
    "&a [*a]",
    "&a {b: *a}",
    "1:1:1:1",
    "2001-99-99",
    "{? [a, b] : c}",
    "{? {a: b} : c}",
    "{1: a, true: b, null: c, 1.5: d}",
    "{<<: [1, 2]}",
    "{<<: x}",
    "{=: 1}",
    "=",
)

CODE = {
    *("task", "tasks", "use", "trainer", "method", "backend", "backend_for", "corrector", "script"),
    *("generator", "form", "embedder", "executor", "file", "files", "model", "filter", "variant"),
}
FILES = {
    *("path", "data", "test", "given", "location", "recorded", "api_key_file", "exclude", "kept"),
    *("examples", "folder", "answers", "contexts", "seeds", "started_from", "original", "source"),
    *("spec", "weights", "key", "name", "digest", "image", "configs", "data_files", "key-file"),
}
ADDRESSES = {"base_url", "base-url", "url", "endpoint", "homepage", "address"}
SPECIAL = ("link", "dangling", "fifo", "folder", "hard link", "device", "sparse", "empty", "gone")


@dataclass
class Hostile:
    """The values that a stranger would like to be used, by what they ask for.

    Attributes:
        private: a folder with files that were never typed, and code that marks that it ran.
        address: of a server that notes each request.
    """

    private: Path
    address: str
    _raw: list[str] = field(default_factory=list)

    @property
    def code(self) -> tuple[str, ...]:
        p = self.private
        return (
            f"{p}/evil.py",
            f"{p}/evil.py:TASK",
            "evil.py",
            "./evil.py",
            "./evil.py:TASK",
            "../evil.py",
            "theirs/evil.py",
            "~/evil.py",
            "../private/evil.py",
            "../../private/evil.py",
            f"{p}/task.yaml",
            "evilmod",
            "evilmod:TASK",
            "evilmod:replies",
            "langchain:evilmod.Evil",
            "langchain:./evil.py:Evil",
            f"langchain:{p}/evil.py:Evil",
            f"file:{p}/evil.py",
        )

    @property
    def files(self) -> tuple[str, ...]:
        p = self.private
        return (
            *(f"{p}/{name}" for name in ("secret.txt", "rows.csv", "rows.jsonl", "run", "")),
            *("secret.txt", "rows.csv", "../secret.txt", "../rows.csv", "~/secret.txt"),
            *("../private/secret.txt", "../../private/secret.txt", "../../private/rows.csv"),
            *(f"file://{p}/rows.csv", f"rte={p}/rows.csv", f"{p}/rows.csv+{p}/rows.csv"),
            *("/etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin"),
        )

    @property
    def hub(self) -> tuple[str, ...]:
        return "hf:evil/name", "hf:evil/name:default:train", "evil/name", "hf:"

    @property
    def addresses(self) -> tuple[str, ...]:
        return f"{self.address}/v1", f"{self.address}/rows.csv", f"{self.address}/evil.py"

    def value(self, chance: random.Random, name: object, was: object, raw: tuple[str, ...]) -> Any:
        """A value for the field called `name`: often one that fits it."""
        key = str(name)
        groups: list[tuple[str, ...]] = [self.code, self.files, self.hub, self.addresses]
        pick = chance.random()
        if pick < 0.6 and key in ADDRESSES:
            return chance.choice(self.addresses)
        if pick < 0.6 and key in CODE:
            return self._like(chance, chance.choice(self.code), was)
        if pick < 0.6 and (key in FILES or (isinstance(was, str) and "/" in was)):
            return self._like(chance, chance.choice(chance.choice(groups[1:3])), was)
        if pick < 0.75:
            return self._like(chance, chance.choice(chance.choice(groups)), was)
        if pick < 0.8:
            return self.options(chance)
        if raw and pick < 0.9:
            return self.raw(chance.choice(raw))
        return chance.choice(ODD)

    def options(self, chance: random.Random) -> dict[str, Any]:
        """Options of a backend, or what `generate` is called with, that would send or read."""
        return chance.choice(
            (
                {"base_url": self.addresses[0], "api_key_file": f"{self.private}/secret.txt"},
                {"backend": "llama/x", "base_url": self.addresses[0], "n": 4},
                {
                    "backend": "llama/x",
                    "options": {
                        "base_url": self.addresses[0],
                        "api_key_file": f"{self.private}/secret.txt",
                    },
                },
                {"backend": "scripted", "options": {"script": f"{self.private}/evil.py:replies"}},
                {"script": "./evil.py:replies"},
                {"recorded": f"{self.private}/rows.jsonl"},
                {"extra": {"api_key": "sk-0123456789abcdefghij"}},
                {"max_tokens": 100_000_000, "reasoning_effort": "high"},
                {"exclude": [f"{self.private}/rows.csv"]},
                {"contexts": f"{self.private}/secret.txt"},
            )
        )

    def raw(self, text: str) -> str:
        """A value that stands in the file as this text."""
        self._raw.append(text)
        return f"@@{len(self._raw) - 1}@@"

    def settled(self, text: str) -> str:
        """The text of a file with raw values in their places."""
        for number, raw in enumerate(self._raw):
            text = text.replace(f'"@@{number}@@"', raw)
        self._raw.clear()
        return text

    @staticmethod
    def _like(chance: random.Random, value: str, was: object) -> Any:
        if chance.random() < 0.3:
            return value
        if isinstance(was, list):
            return [value]
        if isinstance(was, dict):
            return dict.fromkeys(was, value) or {"x": value}
        return value


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*at, name)
            yield from _places(part, (*at, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield (*at, number)
            yield from _places(part, (*at, number))


def mutated(value: Any, chance: random.Random, hostile: Hostile, raw: tuple[str, ...] = ()) -> Any:
    """A copy with one to three places replaced, removed, renamed, repeated, wrapped or added."""
    value = json.loads(json.dumps(value))
    if chance.random() < 0.5 and _pointed(value, chance, hostile):
        return value
    for _ in range(chance.choice((1, 1, 2, 3))):
        value = _changed_once(value, chance, hostile, raw)
    return value


def _pointed(value: Any, chance: random.Random, hostile: Hostile) -> bool:
    """Put a path, an address or a name into a field that may well be used as one."""
    fields = []
    for place in _places(value):
        names = [part for part in place if isinstance(part, str)]
        name, was = (names or [""])[-1], value
        for part in place:
            was = was[part]
        known = name in CODE | FILES | ADDRESSES
        if isinstance(was, str) and (known or "/" in was or re.search(r"\.\w{2,8}$", was)):
            fields.append((place, name, was))
    if not fields:
        return False
    (*way, last), name, was = chance.choice(fields)
    groups = [hostile.code, hostile.files, hostile.hub, hostile.addresses]
    weights = [8, 1, 1, 1] if name in CODE else [1, 1, 1, 8] if name in ADDRESSES else [2, 6, 2, 1]
    new = chance.choice(chance.choices(groups, weights)[0])
    if ":" in was and chance.random() < 0.3:  # such as DISTRIBUTION:NAME
        new = f"{was.split(':')[0]}:{new}"
    holder = value
    for part in way:
        holder = holder[part]
    holder[last] = new
    if chance.random() < 0.4 and isinstance(value, dict):  # a name that stands in several places
        renamed = _renamed(value, was, new)
        value.clear()
        value.update(renamed)
    return True


def _renamed(value: Any, was: str, new: str) -> Any:
    """The value with a text replaced wherever it stands, keys included."""
    if isinstance(value, dict):
        return {new if key == was else key: _renamed(part, was, new) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, was, new) for part in value]
    return new if value == was else value


def _changed_once(value: Any, chance: random.Random, hostile: Hostile, raw: tuple[str, ...]) -> Any:
    places = [*_places(value)]
    if not places or chance.random() < 0.02:
        return hostile.value(chance, "", value, raw)
    # A field near the top decides more than a row: one in two picks prefers it.
    deepest = min(len(place) for place in chance.choices(places, k=2))
    near = [place for place in places if len(place) <= deepest] or places
    *way, last = chance.choice(near if chance.random() < 0.5 else places)
    holder = value
    for part in way:
        holder = holder[part]
    name = last if isinstance(last, str) else next((p for p in way[::-1] if isinstance(p, str)), "")
    how = chance.random()
    if how < 0.6:
        holder[last] = hostile.value(chance, name, holder[last], raw)
    elif how < 0.68:
        del holder[last]
    elif how < 0.73 and isinstance(holder, dict):
        holder[str(chance.choice(ODD))[:99]] = holder.pop(last)
    elif how < 0.78 and isinstance(holder, dict):  # a key that stands there twice
        holder[hostile.raw(json.dumps(last))] = hostile.value(chance, last, holder[last], raw)
    elif how < 0.92 and isinstance(holder, dict):
        new = chance.choice(sorted(CODE | FILES | ADDRESSES | {"options", "generate"}))
        holder[new] = (
            hostile.options(chance)
            if new in ("options", "generate")
            else hostile.value(chance, new, "", raw)
        )
    elif how < 0.94 and isinstance(holder, list):
        holder.insert(0, holder[last])
    else:
        for _ in range(chance.choice((1, 30, 400))):
            holder[last] = [holder[last]] if chance.random() < 0.5 else {"x": holder[last]}
    return value


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes with some of them changed, cut, repeated or put in."""
    at = chance.randrange(len(data) + 1)
    return chance.choice(
        (
            lambda: data[:at],
            lambda: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
            lambda: data[:at] + b"\x00\xff\xfe" + data[at:],
            lambda: data + data[at:],
            lambda: data[:at] + b"[" * 100_000 + data[at:],
            lambda: data[:at] + b"\n" + data[at:],
            lambda: data[:at] + b'"' + data[at:],
            lambda: b"\xff\xfe" + data.decode("utf-8", "replace").encode("utf-16-le"),
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data[:at] + b"a" * 3_000_000 + data[at:],
            lambda: b"",
        )
    )()


# --- the forms of files -------------------------------------------------------


def _json(value: Any, hostile: Hostile) -> bytes:
    return hostile.settled(json.dumps(value)).encode("utf-8", "surrogatepass")


def _change_json(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    raw = RAW_JSON + (RAW_DEEP if chance.random() < 0.3 else ())
    return _json(mutated(json.loads(data), chance, hostile, raw), hostile)


def _change_yaml(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    import yaml

    value = mutated(yaml.safe_load(data), chance, hostile, RAW_JSON + RAW_YAML * 2)
    if not isinstance(value, dict) or chance.random() < 0.3:
        return _json(value, hostile)  # JSON is YAML
    lines = [f"{json.dumps(key)}: {json.dumps(each)}\n" for key, each in value.items()]
    if chance.random() < 0.1:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(BOMBS))
    return hostile.settled("".join(lines)).encode("utf-8", "surrogatepass")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_string(key)} = {_toml(each)}" for key, each in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return _string(value)
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf").replace("null", "nan")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _change_toml(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    value = mutated(
        tomllib.loads(data.decode()), chance, hostile, ("1" * 5000, "[" * 3000, "1979-99-99")
    )
    if not isinstance(value, dict):
        value = {"x": value}
    # A table of tables stands as [key.inner], as people write it; the rest inline.
    text = "".join(f"{_string(key)} = {_toml(each)}\n" for key, each in value.items())
    return hostile.settled(text).encode("utf-8", "surrogatepass")


def _change_lines(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    lines = data.splitlines()
    at = chance.randrange(len(lines))
    with contextlib.suppress(ValueError):
        lines[at] = _change_json(lines[at], chance, hostile)
    return b"".join(line + b"\n" for line in lines)


def _change_journal(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    lines = data.splitlines()
    at = chance.randrange(len(lines))
    body = _change_json(lines[at][9:], chance, hostile)
    lines[at] = b"%08x %s" % (crc32(body), body)
    return b"".join(line + b"\n" for line in lines)


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _FRAME.size <= len(data):
        size, more, _ = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        yield data[at : at + size], data[at + size : at + size + more]
        at += size + more


def _change_ledger(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    frames = [*_frames(data)]
    at = chance.randrange(len(frames))
    with contextlib.suppress(ValueError):
        frames[at] = _change_json(frames[at][0], chance, hostile), frames[at][1]
    parts = []
    for text, more in frames:
        parts.append(_FRAME.pack(len(text), len(more), crc32(more, crc32(text))) + text + more)
    return b"".join(parts)


def _change_csv(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    rows = mutated([*csv.reader(io.StringIO(data.decode()))], chance, hostile)
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows if isinstance(rows, list) else [rows]:
        with contextlib.suppress(csv.Error):
            writer.writerow(
                [str(cell)[:300_000] for cell in row] if isinstance(row, list) else [row]
            )
    return out.getvalue().encode("utf-8", "surrogatepass")


def _change_card(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    """Front matter, and Markdown below it."""
    _, front, rest = data.split(b"---\n", 2)
    return b"---\n" + _change_yaml(front, chance, hostile) + b"\n---\n" + rest


def _change_npy(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    """A header with another shape or type; the size stays what is declared."""
    del hostile
    size = int.from_bytes(data[8:10], "little")
    header = chance.choice(
        (
            "{'descr': '<u8', 'fortran_order': False, 'shape': (1000000000,), }",
            "{'descr': '<u8', 'fortran_order': False, 'shape': (100000000,), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
            "{'descr': '<U99999999', 'fortran_order': False, 'shape': (9,), }",
            "{'descr': '<u8', 'fortran_order': False, 'shape': (-1,), }",
            "{'descr': '<u8', 'fortran_order': False, 'shape': (1,1,1,8), }",
            "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 999999999), }",
            "{'descr': [('a', '<u8')], 'fortran_order': False, 'shape': (8,), }",
            "(" * 200 + ")" * 200,
        )
    ).encode()
    header = header.ljust(size - 1)[: max(size - 1, len(header))] + b"\n"
    return data[:8] + len(header).to_bytes(2, "little") + header + data[10 + size :]


def _change_parquet(data: bytes, chance: random.Random, hostile: Hostile) -> bytes:
    """Other columns, types, metadata; the bombs of `make_bombs` lie beside the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    how = chance.randrange(6)
    column, strings = next(iter(rows[0])), ["x"] * len(rows)
    meta = {b"huggingface": b'{"info": ' + b"[" * chance.choice((2, 5000)) + b"}"}
    if how == 0:
        table = pa.table({column: pa.array([[strings]] * len(rows))})
    elif how == 1:
        table = pa.table({column: pa.array([b"\xff\xfe\x00"] * len(rows)), "label": strings})
    elif how == 2:
        table = pa.Table.from_pylist(rows).replace_schema_metadata(meta)
    elif how == 3:
        names = [str(each)[:999] for each in ODD]
        table = pa.table([strings] * len(names), names=names)
    elif how == 4:
        table = pa.table({name: pa.array([float("nan")] * len(rows)) for name in rows[0]})
    else:
        value = str(hostile.value(chance, "data", "", ()))[:999].encode("utf-8", "replace").decode()
        table = pa.table({name: pa.array([value] * len(rows)) for name in rows[0]})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _change_sqlite(path: Path, chance: random.Random, hostile: Hostile) -> None:
    with contextlib.closing(sqlite3.connect(path)) as index, contextlib.suppress(sqlite3.Error):
        index.text_factory = lambda text: text.decode("utf-8", "replace")
        how = chance.random()
        if how < 0.1:
            index.executescript(
                "CREATE TRIGGER t AFTER INSERT ON fact BEGIN DELETE FROM entry; END;"
                if how < 0.05
                else "CREATE VIEW v AS SELECT * FROM entry;"
            )
            return
        if how < 0.7:
            number, text = index.execute("SELECT number, entry FROM entry LIMIT 1").fetchone()
            text = _change_json(text.encode(), chance, hostile).decode("utf-8", "replace")
            index.execute("UPDATE entry SET entry = ? WHERE number = ?", (text, number))
        else:
            tables = ("source", "dataset", "entry", "fact")
            table = chance.choice(tables)
            columns = [row[1] for row in index.execute(f"PRAGMA table_info({table})")]
            column = chance.choice(columns)
            value = hostile.value(chance, column, "", ())
            if not isinstance(value, str | float | None):
                value = str(value) if not isinstance(value, int) or abs(value) > 2**62 else value
            with contextlib.suppress(UnicodeEncodeError):
                index.execute(f"UPDATE {table} SET {column} = ?", (value,))
        index.commit()


_FORMS: dict[str, Callable[[bytes, random.Random, Hostile], bytes]] = {
    "journal": _change_journal,
    "ledger": _change_ledger,
    "README.md": _change_card,
    ".json": _change_json,
    ".jsonl": _change_lines,
    ".yaml": _change_yaml,
    ".toml": _change_toml,
    ".csv": _change_csv,
    ".npy": _change_npy,
    ".parquet": _change_parquet,
}


def change(path: Path, chance: random.Random, hostile: Hostile) -> None:
    """Take a file apart as the form that it has; one in eight by its bytes."""
    hostile.settled("")  # forget raw values of a file before
    data = path.read_bytes() if path.is_file() else b"{}\n"
    form = _FORMS.get(path.name) or _FORMS.get(path.suffix)
    if path.suffix == ".sqlite" and chance.random() < 0.85:
        _change_sqlite(path, chance, hostile)
        return
    if form is None or chance.random() < 0.125 or not data.strip():
        path.write_bytes(damaged(data, chance))
        return
    try:
        path.write_bytes(form(data, chance, hostile))
    except (ValueError, IndexError, RecursionError):  # no file of its form: a README without a card
        path.write_bytes(damaged(data, chance))


def plant(path: Path, what: str, private: Path) -> None:
    """Put something special in a file's place."""
    if path.is_dir() and not path.is_symlink():
        return
    path.unlink(missing_ok=True)
    target = private / ("rows.jsonl" if path.suffix == ".jsonl" else "secret.txt")
    if what == "link":
        path.symlink_to(target)
    elif what == "dangling":
        path.symlink_to(private / "made")
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "hard link":
        # It is read as the file that it is; only what is appended would be elsewhere.
        path.hardlink_to(private / ("linked.jsonl" if path.suffix == ".jsonl" else "linked.txt"))
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "sparse":
        with path.open("wb") as file:
            file.truncate(3 << 30)
    elif what == "empty":
        path.touch()
