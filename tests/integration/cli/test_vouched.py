"""What a resumed run takes from its ledger unseen, and what it looks at all the same."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from zlib import crc32

import pytest

FILES = ("journal", "dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
HEAD = struct.Struct("<III")


def vouched(run: Path) -> None:
    """Write the check sums of a run's files as they are now into its ledger."""
    texts = [(run / name).read_bytes() for name in FILES]
    ledger, at, frames = (run / "ledger").read_bytes(), 0, []
    while at < len(ledger):
        size, more, _ = HEAD.unpack_from(ledger, at)
        at += HEAD.size
        value, data = json.loads(ledger[at : at + size]), ledger[at + size : at + size + more]
        at += size + more
        if isinstance(value, list):
            ends = [end for end, _ in value[-1]]
            sums = (crc32(text[:end]) for text, end in zip(texts, ends, strict=False))
            value[-1] = [*zip(ends, sums, strict=False)]
        body = json.dumps(value, separators=(",", ":")).encode()
        frames.append(HEAD.pack(len(body), more, crc32(data, crc32(body))) + body + data)
    (run / "ledger").write_bytes(b"".join(frames))


def edit_first_row(run: Path) -> None:
    """Change a letter of the first row's first text."""
    text = (run / "dataset.jsonl").read_bytes()
    at = text.index(b'": "') + 4
    (run / "dataset.jsonl").write_bytes(text[:at] + b"#" + text[at + 1 :])


def test_verify_finds_an_edited_row_that_the_ledger_vouches_for(finished, targen, refuses):
    run = finished("rte", "-n", 4)
    edit_first_row(run)
    vouched(run)
    assert targen("resume", run, "-q").code == 0, "the ledger is believed without --verify"
    said = "dataset.jsonl: replaying the run gives different content at byte 0"
    refuses(f"resume {run} -q --verify", said, "move this file away and resume")


def change_a_reply(run: Path) -> None:
    """Change a word of the first reply of step 3 in the journal, with a right check sum."""
    lines = (run / "journal").read_bytes().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b'"step":"generate"' in line)
    record = json.loads(lines[at].split(b" ", 1)[1])
    reply = json.loads(record["text"])
    record["text"] = json.dumps({**reply, "hypothesis": reply["hypothesis"].replace("The", "Her")})
    body = json.dumps(record).encode()
    lines[at] = b"%08x %s\n" % (crc32(body), body)
    (run / "journal").write_bytes(b"".join(lines))


def test_a_run_does_not_grow_on_a_journal_that_the_ledger_has_not_seen(finished, refuses):
    run = finished("rte", "-n", 4)
    change_a_reply(run)
    said = "provenance.jsonl: replaying the run gives different content at byte 0"
    rows = {name: (run / name).read_bytes() for name in FILES[1:]}
    refuses(f"resume {run} -q -n 6", said, "move this file away and resume", keeps=False)
    assert rows == {name: (run / name).read_bytes() for name in FILES[1:]}


@pytest.mark.parametrize("name", ["dataset.jsonl", "provenance.jsonl"])
def test_the_report_of_a_killed_run_counts_no_row_that_is_gone(finished, targen, name):
    run = finished("rte", "-n", 4)
    (run / "report.json").unlink()
    lines = (run / name).read_bytes().splitlines(keepends=True)
    (run / name).write_bytes(b"".join(lines[:-1]))
    report = json.loads(targen("report", run, "--json").out)
    assert (report["status"], sum(report["rows"].values())) == ("unfinished", 3)
    assert "targen resume run finishes it" in targen("report", run).out
