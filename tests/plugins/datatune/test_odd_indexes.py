"""An index that somebody else made: data, which may be broken or hostile."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

ASKED = "How many stars does the customer of the shop give in the review?"


@pytest.fixture(scope="module")
def _made_once(tmp_path_factory):
    return tmp_path_factory.mktemp("indexes") / "index"


@pytest.fixture
def made(shop, tmp_path, works, _made_once):
    """An index with a retriever's beside it: built once, and copied."""
    if not _made_once.exists():
        works("catalogue", "build", shop, "--index", _made_once)
        works("retrieve", ASKED, "--index", _made_once)
    return shutil.copytree(_made_once, tmp_path / "index")


def _sql(*statements: str) -> Callable[[Path], None]:
    def change(at: Path) -> None:
        with closing(sqlite3.connect(at / "index.sqlite", isolation_level=None)) as base:
            for statement in statements:
                base.execute(statement)

    return change


def _fifo(name: str) -> Callable[[Path], None]:
    def change(at: Path) -> None:
        path = next(at.glob(name))
        path.unlink()
        os.mkfifo(path)

    return change


def _linked(at: Path) -> None:
    (folder,) = (at / "retrievers").glob("bm25-*")
    folder.rename(at.parent / "elsewhere")
    folder.symlink_to(at.parent / "elsewhere")


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
DEEP = "[" * 100_000


def _garbage(at: Path) -> None:
    (at / "index.sqlite").write_text("nothing of the kind " * 100)


VIEW = f"CREATE VIEW entry AS {ENDLESS} SELECT x AS number FROM n"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON source BEGIN DELETE FROM entry; END"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_sql("DROP TABLE entry", VIEW), "does not have the tables of an index"),
        (
            _sql("DROP TABLE fact", "CREATE TABLE fact (name, value)"),
            "does not have the tables of an index",
        ),
        (_sql(TRIGGER), "does not have the tables of an index"),
        (_sql(f"UPDATE entry SET entry = '{DEEP}'"), "contains an invalid entry"),
        (_sql(f"UPDATE source SET options = '{DEEP}'"), "contains invalid options"),
        (_sql("PRAGMA user_version = 7"), "created by a different version"),
        (_garbage, "cannot use"),
        (_fifo("index.sqlite"), "a FIFO, not a regular file"),
        (_fifo("retrievers/*/starts.npy"), "a FIFO, not a regular file"),
        (_linked, "a link, not a regular file"),
    ],
)
def test_what_is_no_plain_index_is_refused_in_words(change, words, made, in_process):
    change(made)
    done = in_process("retrieve", ASKED, "--index", str(made))
    if done.code == 0:  # not looked at by a search
        done = in_process("catalogue", "list", "--index", str(made))
    assert done.code == 2, done.err
    assert words in done.err
    assert "delete it and build it again" in done.err


@pytest.mark.parametrize(
    "text", [DEEP, *(f'{{"entries": {n}, "words": []}}' for n in (10**12, 5 * 10**7)), "{}"]
)
def test_a_retrievers_broken_index_is_made_anew(text, made, works):
    (path,) = made.glob("retrievers/*/bm25.json")
    path.write_text(text)
    works("retrieve", ASKED, "--index", str(made))
    assert path.read_text() != text
