"""Readers of datasets of other distributions, through the commands that open a dataset."""

from __future__ import annotations

import json

MODULE = """
from targen_core import UsageError, hookimpl
from targen_standard.datasets.source import DatasetReader, Form, Source

class Ledger(DatasetReader):
    def file(self, path, encoding):
        if path.suffix != ".ledger":
            return None
        lines = path.read_text(encoding=encoding).splitlines()
        if not lines or " | " not in lines[0]:
            raise UsageError(f"{path} is no ledger", hint="start it with LABEL | TEXT")

        def records():
            for number, line in enumerate(lines, 1):
                label, _, text = line.partition(" | ")
                yield number, {"text": text, "label": label, "idx": number - 1}

        return Source(str(path), path.stem, Form(records, "entry"))

class Broken(DatasetReader):
    def file(self, path, encoding):
        return path.nonsense

    def folder(self, path):
        return path.nonsense

LEDGER, BROKEN = Ledger(), Broken()

@hookimpl
def register_dataset_readers(register):
    register.register("broken", "acme_ledger:BROKEN")
    register.register("ledger", "acme_ledger:LEDGER")
"""
TASK = """
name: porter
description: Notes that a night porter leaves for the morning.
labels: {calm: nothing happened, alarm: something must be done at once}
"""


def test_every_command_reads_a_form_of_a_stranger_and_a_broken_reader_stops_none(
    install, targen, tmp_path
):
    site = install("acme-ledger", "[targen.v1]\nledger = acme_ledger", {"acme_ledger": MODULE})
    (tmp_path / "porter.yaml").write_text(TASK)
    (tmp_path / "night.ledger").write_text(
        "calm | Nothing to report.\nalarm | The boiler leaks, call the plumber.\n"
    )
    (tmp_path / "wrong.ledger").write_text("no entry\n")
    (tmp_path / "odd.ledger").write_text("calm | All is well.\nloud | A party on floor two.\n")
    rows = [{"text": "All is well.", "label": "calm", "idx": 0}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def ask(*argv):
        return targen(*argv, "--task", "./porter.yaml", "--trust", path=[site])

    checked = ask("validate", "night.ledger")
    assert checked.returncode == 0, checked.stderr
    assert "dataset reader acme-ledger:broken failed: AttributeError" in checked.stderr
    exported = ask("export", "night.ledger", "--as", "csv", "--out", "out.csv")
    assert exported.returncode == 0, exported.stderr
    assert "The boiler leaks" in (tmp_path / "out.csv").read_text()
    odd = ask("validate", "odd.ledger")
    assert odd.returncode == 1 and "2    1  label: 'loud' is not" in odd.stdout
    wrong = ask("validate", "wrong.ledger")
    assert wrong.returncode == 2 and "start it with LABEL | TEXT" in wrong.stderr
    assert ask("validate", "rows.jsonl").returncode == 0
