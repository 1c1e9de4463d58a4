"""Folders of datasets such as people have, and a server that speaks as the hub does."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

CARD = """---
license: cc-by-4.0
pretty_name: Shop Reviews
task_categories:
- text-classification
language: en
---
# Shop reviews

Reviews that customers of a shop wrote, each with the number of stars that they gave.
"""


@pytest.fixture
def shop(tmp_path):
    """A folder of three datasets: reviews with a card, orders in splits, questions."""
    folder = tmp_path / "shop"
    (folder / "orders").mkdir(parents=True)
    (folder / "talk").mkdir()
    with open(folder / "talk" / "reviews.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "stars"])
        writer.writerows([f"The lamp number {at} is bright.", at % 5 + 1] for at in range(12))
    (folder / "talk" / "README.md").write_text(CARD)
    for split, rows in (("train", 6), ("test", 2)):
        lines = [json.dumps({"item": f"lamp {at}", "count": at}) for at in range(rows)]
        (folder / "orders" / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    asked = [{"question": f"Is lamp {at} in stock?", "answer": "yes"} for at in range(4)]
    (folder / "questions.json").write_text(json.dumps(asked))
    return folder


@pytest.fixture
def described():
    """What `files` says of a path: entries by their ids, and errors by the keys."""
    from targen_datatune.catalogues.files import FILES
    from targen_datatune.retrieval import DatasetUnavailable

    def describe(spec: Any) -> dict[str, Any]:
        actual: dict[str, Any] = {}
        for listed in FILES.listing(str(spec), FILES.options()):
            try:
                actual.update((e.id, e) for e in FILES.describe(listed, FILES.options()))
            except DatasetUnavailable as error:
                actual[listed.key] = error
        return actual

    return describe


# --- the hub and its dataset viewer, with faults to order ---

STRING = {"dtype": "string", "_type": "Value"}
LABEL = {"names": ["bad", "good"], "_type": "ClassLabel"}


@dataclass
class Hub:
    """Datasets by their ids, and by a part of the path what is answered in place of the truth.

    A dataset is a mapping: `sha`, `rows` by configuration, and what the API says of it.
    """

    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, list[tuple[int, dict[str, str], Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    page: int = 2
    address: str = ""

    def add(self, name: str, rows: int = 3, configurations: tuple[str, ...] = ("default",), **more):
        """A dataset of short reviews."""
        made = {
            config: [{"text": f"{name} {at}", "label": at % 2} for at in range(rows)]
            for config in configurations
        }
        self.datasets[name] = {"sha": "a" * 40, "rows": made, **more}

    def fail(self, part: str, status: int, times: int = 1, headers=None, body: Any = None) -> None:
        """Answer with this instead, so many times, where the path has `part` in it."""
        self.faults[part] = [(status, headers or {}, body)] * times

    # --- answers: status, headers, body ---

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        if path == "/api/datasets":
            return self._list(query)
        if path.startswith("/api/datasets/"):
            name = path.removeprefix("/api/datasets/")
            if name not in self.datasets:
                return 404, {"X-Error-Code": "RepoNotFound"}, {"error": "Repository not found"}
            return 200, {}, self._info(name)
        return self._viewer(path.removeprefix("/viewer/"), query)

    def _list(self, query):
        names = [n for n in self.datasets if query.get("search", "") in n]
        names = [n for n in names if n.startswith(query.get("author", ""))]
        start = int(query.get("cursor", 0))
        some = names[start : start + self.page]
        headers = {}
        if start + self.page < len(names):
            rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "cursor")
            url = f"{self.address}/api/datasets?{rest}&cursor={start + self.page}"
            headers["Link"] = f'<{url}>; rel="next"'
        return 200, headers, [self._info(name) for name in some]

    def _info(self, name):
        dataset = self.datasets[name]
        said = {
            key: value for key, value in dataset.items() if key not in ("rows", "cut", "columns")
        }
        return {"_id": name, "id": name, "private": False, "gated": False, "tags": [], **said}

    def _viewer(self, path, query):
        name = query.get("dataset", "")
        dataset = self.datasets.get(name)
        if dataset is None or dataset.get("gated"):
            words = "The dataset does not exist, or is not accessible without authentication."
            return 401, {"X-Error-Code": "ExternalUnauthenticatedError"}, {"error": words}
        headers = {"X-Revision": dataset["sha"]}
        if path == "info":
            infos = {
                config: {
                    "features": {"text": STRING, "label": LABEL},
                    "splits": {"train": {"name": "train", "num_examples": len(rows)}},
                }
                for config, rows in dataset["rows"].items()
            }
            body = {"dataset_info": infos, "pending": [], "failed": [], "partial": False}
            return 200, headers, body
        rows = dataset["rows"].get(query.get("config"))
        if rows is None or query.get("split") != "train":
            return 404, {"X-Error-Code": "SplitNotFoundError"}, {"error": "no such split"}
        columns = dataset.get("columns", {"text": STRING, "label": LABEL})
        features = [
            {"feature_idx": at, "name": column, "type": type_}
            for at, (column, type_) in enumerate(columns.items())
        ]
        start = int(query.get("offset", 0))
        end = start + int(query.get("length", 100))
        cut = dataset.get("cut", ())
        some = [
            {"row_idx": at, "row": row, "truncated_cells": ["text"] if at in cut else []}
            for at, row in list(enumerate(rows))[start:end]
        ]
        return 200, headers, {"features": features, "rows": some, "num_rows_total": len(rows)}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            hub.asked.append(self.path)
            hub.tokens.add(self.headers.get("Authorization", ""))
            status, headers, body = hub.answer(parts.path, query)
            for part, answers in hub.faults.items():
                if part in self.path and answers:
                    status, headers, body = answers.pop()
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hubs(monkeypatch):
    """Make hubs, each at an address of its own."""
    from huggingface_hub import constants

    # Other tests of the process may have imported it where it was told to stay offline.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with ExitStack() as stack:
        yield lambda datasets=None: stack.enter_context(serving(Hub(datasets or {})))
