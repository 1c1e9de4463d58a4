"""`ChatGptBatches`: OpenAI's batch API.

The forms: developers.openai.com/api/reference, batches and files, and the types
of the package `openai` (`batch.py`, `batch_error.py`), read 2026-11-20: a file of
lines is uploaded with the purpose `batch`, a batch is made of it, and its output
and error files are downloaded when it has ended. A file holds at most 50,000
requests and 200 MB, of one model.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from targen_backends.batches import NOBODY, answers, document, parsed
from targen_backends.chatgpt.client import KEY_VARIABLE, SERVICE, ChatGptModel
from targen_backends.completions import read_reply
from targen_backends.http.failures import failure
from targen_backends.http.fetcher import Fetcher
from targen_backends.http.keys import missing_key
from targen_core.calls import signs
from targen_core.calls.batch import BatchAnswer, BatchState
from targen_core.calls.model import ChatRequest
from targen_core.errors import BatchFailed, MalformedAnswer, ServiceError

__all__ = ["ChatGptBatches"]

_ENDED = ("completed", "failed", "expired", "cancelled")
_URL = "/v1/chat/completions"


class ChatGptBatches:
    """A `BatchProvider` for a model behind OpenAI's batch API.

    Args:
        model: makes the requests' bodies, and has the key.
        base_url: the address without `/batches`.
        timeout: seconds for one call; an upload or a download of many
            megabytes gets ten times as long.
    """

    most_requests = 50_000
    most_bytes = 200_000_000

    def __init__(self, model: ChatGptModel, base_url: str, *, timeout: float) -> None:
        self.identity = model.identity
        self._model = model
        self._fetcher = Fetcher(
            base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {model.key}"},
            secret=model.key,
            timeout=10 * timeout,
            service=SERVICE,
        )

    def line(self, request: ChatRequest) -> bytes:
        """The request as a line of an input file."""
        head = {"custom_id": request.key, "method": "POST", "url": _URL}
        return b'%s,"body":%s}' % (json.dumps(head).encode()[:-1], self._model.body(request))

    def read(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of a line of an output or error file.

        Raises:
            ValueError: the line is neither.
        """
        key, found = parsed(line)
        response, error = found.get("response"), found.get("error")
        if isinstance(response, dict) and isinstance(response.get("status_code", 200), int):
            status, body = response.get("status_code", 200), response.get("body")
            if status == 200:
                try:
                    return key, read_reply(body, requests.get(key, NOBODY), details=True)
                except MalformedAnswer as raised:
                    return key, raised
            headers = {"x-request-id": str(response.get("request_id") or "")}
            return key, failure(
                status, json.dumps(body).encode(), headers, SERVICE, self._fetcher.secret
            )
        if isinstance(error, dict):
            words = f"{error.get('code')}: {error.get('message')}"
            return key, BatchFailed(signs.scrub(words, self._fetcher.secret)[:500])
        raise ValueError("neither a response nor an error")

    async def submit(self, lines: Sequence[bytes]) -> str:
        """Upload a file and make a batch of it.

        Raises:
            ServiceError: nothing was handed over, or, with `billed`, it may
                have been.
        """
        if not self._fetcher.secret:
            raise missing_key("chatgpt", KEY_VARIABLE)
        boundary = secrets.token_hex(16)
        form = _form(boundary, {"purpose": "batch"}, b"".join(line + b"\n" for line in lines))
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        try:
            raw = await self._fetcher.fetch("POST", "/files", data=form, headers=kind)
        except ServiceError as error:
            error.billed = False  # a file alone costs nothing
            raise
        wanted = {
            "input_file_id": document(raw, "id")["id"],
            "endpoint": _URL,
            "completion_window": "24h",
        }
        raw = await self._fetcher.fetch("POST", "/batches", data=json.dumps(wanted).encode())
        return str(document(raw, "id", billed=True)["id"])

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        """How far a batch is; its files are read when it has ended.

        Raises:
            ServiceError: of the class that says whether trying later can help.
        """
        found = document(await self._fetcher.fetch("GET", f"/batches/{batch}"), "id", "status")
        if found["status"] not in _ENDED:
            return BatchState(False)
        lines: list[bytes] = []
        for name in ("output_file_id", "error_file_id"):
            if found.get(name):
                raw = await self._fetcher.fetch("GET", f"/files/{found[name]}/content")
                lines += raw.splitlines()
        problem = "" if found["status"] == "completed" else f"batch {batch} {_why(found)}"
        problem = signs.scrub(problem, self._fetcher.secret)
        return BatchState(True, answers(lines, self.read, requests), problem)

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._fetcher.aclose()
        await self._model.aclose()


def _why(found: Mapping[str, Any]) -> str:
    """A batch's status, with the service's words where it has some."""
    errors = found.get("errors")
    data = errors.get("data") if isinstance(errors, dict) else None
    first = data[0] if isinstance(data, list) and data else None
    words = str(first.get("message") or "")[:300] if isinstance(first, dict) else ""
    return f"{found['status']}: {words}" if words else str(found["status"])


def _form(boundary: str, values: Mapping[str, str], file: bytes) -> bytes:
    """A multipart body of `values` and one file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="batch.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n".encode()
    )
    return b"".join([*parts, file, f"\r\n--{boundary}--\r\n".encode()])
