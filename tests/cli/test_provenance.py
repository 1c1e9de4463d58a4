"""The origin of results: the date, the command without secrets, versions and digests."""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

import targen_core
from targen_core.cli.provenance import provenance, provenance_notes
from targen_core.origin import of_a_command


def test_results_name_what_made_them(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    typed = ["compare", "a b", "-o", "api_key=s3", "--trainer", "x,key=s3", "http://me:s3@host/v1"]
    monkeypatch.setattr(sys, "argv", ["/somewhere/targen", *typed])
    Path("run").mkdir()
    Path("run/dataset.jsonl").write_text("{}\n")
    with of_a_command():
        made = provenance(["targen-core", "not-installed"], ["run", "hf:OWNER/NAME"])
    assert made["command"].startswith("targen compare 'a b' -o ") and "s3" not in made["command"]
    assert "//host/v1" in made["command"] and made["python"] == platform.python_version()
    assert made["distributions"]["targen-core"] == targen_core.__version__
    assert {"typer", "targen-core"} <= made["distributions"].keys()
    digest = hashlib.sha256(b"{}\n").hexdigest()
    assert made["files"] == {"run/dataset.jsonl": digest}
    assert digest in provenance_notes(made)[1] and "by targen compare" in provenance_notes(made)[0]
    assert provenance(["targen-core"])["command"] == ""
