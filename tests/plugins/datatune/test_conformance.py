"""Our catalogues and retrievers, by the kit."""

from __future__ import annotations

import json

import pytest

from targen_datatune.testing import CatalogueSuite as Catalogues
from targen_datatune.testing import RetrieverSuite as Retrievers


class TestBm25(Retrievers):
    retriever = "bm25"


class TestFiles(Catalogues):
    catalogue = "files"
    spec = "data"

    @pytest.fixture(autouse=True)
    def _data(self, tmp_path_factory, monkeypatch):
        folder = self.kept("folder", lambda: tmp_path_factory.mktemp("files"))
        (folder / "data").mkdir(exist_ok=True)
        for name in ("orders", "talk"):
            path = folder / "data" / f"{name}.jsonl"
            if not path.exists():
                path.write_text("".join(json.dumps({"n": at}) + "\n" for at in range(5)))
        monkeypatch.chdir(folder)
