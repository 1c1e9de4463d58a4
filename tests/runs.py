"""What tests read in the folder of a run, and what they change there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

from targen_core.runs.manifest import Manifest
from targen_core.runs.permissions import sign_run

from .files import lines

OUTPUTS = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


class Outputs:
    """What a run made, of a class that reads the records of a file by its name."""

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of one of its files."""
        raise NotImplementedError

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.lines("dataset.jsonl")

    @property
    def provenance(self) -> list[dict[str, Any]]:
        return self.lines("provenance.jsonl")

    @property
    def rejects(self) -> list[dict[str, Any]]:
        return self.lines("rejects.jsonl")


def adopt(run: Path | str) -> Path:
    """Note a copied run as if a command of this user had made it in this place."""
    sign_run(Manifest.load(Path(run, "manifest.json")), Path(run), {})
    return Path(run)


def records(run: Path | str, name: str = "provenance.jsonl") -> list[dict[str, Any]]:
    """The records of one of a run's files."""
    return lines(Path(run, name))


def read(run: Path | str, name: str) -> Any:
    """One of a run's files of JSON."""
    return json.loads(Path(run, name).read_text("utf-8"))


def report(run: Path | str) -> Any:
    """The report of a run."""
    return read(run, "report.json")


def manifest(run: Path | str) -> Any:
    """The manifest of a run."""
    return read(run, "manifest.json")


def outputs(run: Path | str) -> list[bytes]:
    """The bytes that a run made."""
    return [Path(run, name).read_bytes() for name in OUTPUTS]


def journal(run: Path | str) -> list[dict[str, Any]]:
    """The replies and lost calls in a run's journal."""
    records = (json.loads(line[9:]) for line in Path(run, "journal").read_bytes().splitlines())
    return [record for record in records if not {"sent", "unbilled"} & record.keys()]


def write_journal(run: Path | str, records: list[dict[str, Any]]) -> None:
    """Put records in place of a run's journal, under right check sums."""
    bodies = [json.dumps(record, separators=(",", ":")).encode() for record in records]
    text = b"".join(b"%08x %s\n" % (crc32(body), body) for body in bodies)
    Path(run, "journal").write_bytes(text)


def edit(run: Path | str, way: str, value: object, name: str = "manifest.json") -> None:
    """Change one value of a file of a run."""
    whole = holder = read(run, name)
    *above, last = way.split(".")
    for part in above:
        holder = holder[part]
    holder[last] = value
    Path(run, name).write_text(json.dumps(whole))
