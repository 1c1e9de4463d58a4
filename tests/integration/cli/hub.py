"""A server that speaks the wire form of the Hugging Face hub, as far as a push needs it.

What each request is answered with in place of the truth, `faults` say: a status by the part of
the path. Files go as the hub takes them without Xet: small text in the commit, all else by LFS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_goodToken"
DROP = 0
"""In place of a status: the connection ends without an answer."""


class Hub:
    """What the hub holds, what it was asked, and what it does wrong."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: dict[str, list[int]] = {}
        self.url = ""

    def files(self, repo):
        return self.repos[repo]["files"]

    def fault(self, path: str) -> int | None:
        for part, statuses in self.faults.items():
            if part in path and statuses:
                return statuses.pop(0)
        return None


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub on a port of its own."""
    hub = Hub()

    class Handler(_Handler):
        state = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    do_PUT = do_POST  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self, body: bytes) -> None:
        path, hub = self.path.partition("?")[0], self.state
        status = hub.fault(path)
        if status == DROP:
            self.close_connection = True
            self.connection.close()
        elif status is not None:
            self._answer(status, {"error": f"the hub says {status} to hf_goodToken"})
        elif path.startswith("/put/"):
            hub.objects[path.removeprefix("/put/")] = body
            self._answer(200, {})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
        else:
            self._answer(*self._answered(path, body))

    def _answered(self, path: str, body: bytes) -> tuple[int, Any]:
        hub = self.state
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            url = {"url": f"{hub.url}/datasets/{name}"}
            if name in hub.repos:
                return 409, {**url, "error": "You already created this dataset repo"}
            private = asked.get("private", asked.get("visibility") == "private")
            hub.repos[name] = {"private": private, "files": {".gitattributes": b""}}
            return 200, url
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.endswith("/info/lfs/objects/batch"):
            uploads = {each["oid"]: each["size"] for each in json.loads(body)["objects"]}
            objects = [
                {"oid": oid, "size": size, "actions": {"upload": {"href": f"{hub.url}/put/{oid}"}}}
                for oid, size in uploads.items()
            ]
            return 200, {"transfer": "basic", "objects": objects}
        name = "/".join(path.split("/")[3:5])
        if name not in hub.repos:
            return 404, {"error": "Repository not found"}
        if "/preupload/" in path:
            modes = {
                each["path"]: "regular" if each["path"].endswith(".md") else "lfs"
                for each in json.loads(body)["files"]
            }
            files = [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes.items()]
            return 200, {"files": files}
        if "/commit/" in path:
            self._commit(hub.files(name), body)
            return 200, {"commitUrl": f"{hub.url}/datasets/{name}/commit/1", "commitOid": "1" * 40}
        siblings = [{"rfilename": each} for each in hub.files(name)]
        return 200, {"id": name, "sha": "1" * 40, "siblings": siblings, "private": True}

    def _commit(self, files: dict[str, bytes], body: bytes) -> None:
        for line in body.decode().splitlines():
            said = json.loads(line)
            value = said["value"]
            if said["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif said["key"] == "lfsFile":
                data = self.state.objects[value["oid"]]
                assert hashlib.sha256(data).hexdigest() == value["oid"]
                files[value["path"]] = data
            elif said["key"] == "deletedFile":
                del files[value["path"]]

    def _answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(data)
