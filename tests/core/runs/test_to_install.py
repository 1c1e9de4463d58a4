"""What a run's missing distributions are installed with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest

from targen_core import hints
from targen_core.runs.records.manifest import Manifest

LABELS = {"order": "asks where an order is", "refund": "wants money back"}
SOURCES: dict[str, tuple[dict[str, Any], str]] = {
    "the index": ({}, "pip install 'targen-review==9.9' acme==1"),
    "a clone": (
        {"url": Path(hints.__file__).parents[2].as_uri(), "dir_info": {}},
        f"pip install {Path(hints.__file__).parents[3] / 'plugins' / 'targen_review'} acme==1",
    ),
}


@pytest.mark.whole  # a wheel lies beside no plugins
@pytest.mark.parametrize("source", SOURCES)
def test_ours_come_from_where_the_core_is_from(source, targen, monkeypatch):
    Path("mail.json").write_text(json.dumps({"description": "E-mails.", "labels": LABELS}))
    assert (
        targen("generate", "mail.json", "-n", 2, "-b", "scripted", "-q", "--out", "run").code == 0
    )
    path = Path("run/manifest.json")
    value = json.loads(path.read_text())
    value["lock"]["distributions"] |= {"targen-review": "9.9", "acme": "1"}
    path.write_text(json.dumps(value))
    found = importlib_metadata.version

    def version(name):
        if name == "targen-review":
            raise importlib_metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib_metadata, "version", version)
    monkeypatch.setattr(hints, "_source", lambda: SOURCES[source][0])
    assert Manifest.load(path).to_install == SOURCES[source][1]
