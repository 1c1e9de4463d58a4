"""`ChatGptBatches`: OpenAI's batch API.

The forms: developers.openai.com/api/reference, batches and files, and the types of the package
`openai` (`batch.py`, `batch_error.py`), read 2026-11-20. A file of lines is uploaded with the
purpose `batch`, and a batch is made from it. Its output and error files are downloaded when it has
ended. A file holds at most 50,000 requests and 200 MB, of one model.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from targen_backends.batches import NOBODY, answers, careful, document, parsed
from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.http.failures import failure_inside
from targen_core.calls.backend import BatchAnswer, BatchState
from targen_core.calls.model import ChatRequest
from targen_core.calls.secrets import Secrets
from targen_core.errors import ServiceError
from targen_standard import error_patterns

URL = "/v1/chat/completions"
"""The endpoint in each line of a file."""

_ENDED = ("completed", "failed", "expired", "cancelled")
_POLLS = 10  # of a completed batch without files, after which it has none


class ChatGptBatches:
    """A `BatchProvider` for a model behind OpenAI's batch API.

    Args:
        model: makes the requests' bodies, and has the key.
    """

    max_requests = 50_000
    max_bytes = 200_000_000

    def __init__(self, model: ChatGptModel) -> None:
        self.identity = model.identity
        self._model = model
        self._secrets = Secrets(model.key)
        self._without_files = Counter[str]()  # polls of batches that had ended, by batch

    def encode(self, request: ChatRequest) -> bytes:
        """The request as a line of an input file."""
        head = {"custom_id": request.key, "method": "POST", "url": URL}
        return b'%s,"body":%s}' % (json.dumps(head).encode()[:-1], self._model.body(request))

    @careful
    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of a line of an output or error file.

        Raises:
            ValueError: the line is neither.
        """
        key, record = parsed(line, self._secrets)
        response, error = record.get("response"), record.get("error")
        if isinstance(response, dict) and isinstance(response.get("status_code", 200), int):
            status, body = response.get("status_code", 200), response.get("body")
            headers = {"x-request-id": str(response.get("request_id") or "")}
            if status == 200:
                if inside := failure_inside(self._model, body, headers):
                    return key, inside
                try:
                    reply = self._model.read(body, requests.get(key, NOBODY))
                    return key, self._model.told_apart(reply)
                except ServiceError as raised:
                    return key, raised
            words = body or error or ""
            # OpenAI's error files state 0 for a request that got no answer.
            return key, self._model.failure(status or 502, json.dumps(words).encode(), headers)
        if isinstance(error, dict):
            words = f"{error.get('code')}: {error.get('message')}"
            return key, ServiceError(error_patterns.quoted(words, self._model.key))
        raise ValueError("neither a response nor an error")

    async def submit(self, lines: Sequence[bytes]) -> str:
        """Upload a file and make a batch from it.

        Raises:
            ServiceError: the batch was not handed over, or, with `billed`, may have been.
        """
        self._model.require_key()
        boundary = secrets.token_hex(16)
        form = _form(boundary, {"purpose": "batch"}, b"".join(line + b"\n" for line in lines))
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        try:
            answer = await self._model.fetch("POST", "/files", form, kind)
        except ServiceError as error:
            error.billed = False  # a file by itself is free
            raise
        job = {
            "input_file_id": document(answer, "id")["id"],
            "endpoint": URL,
            "completion_window": "24h",
        }
        answer = await self._model.fetch("POST", "/batches", json.dumps(job).encode())
        return str(document(answer, "id", billed=True)["id"])

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        """Return the state of a batch; its files are read when it has ended.

        Raises:
            ServiceError: its class says whether a retry can help.
        """
        job = document(await self._model.fetch("GET", f"/batches/{batch}"), "id", "status")
        if job["status"] not in _ENDED:
            return BatchState(False)
        files = [job[name] for name in ("output_file_id", "error_file_id") if job.get(name)]
        if not files and job["status"] == "completed":  # they may appear a little later
            self._without_files[batch] += 1
            if self._without_files[batch] < _POLLS:
                return BatchState(False)
        came: dict[str, BatchAnswer] = {}
        for file in files:
            lines = self._model.fetch_lines(f"/files/{file}/content")
            came |= await answers(lines, self.decode, requests)
        problem = "" if job["status"] == "completed" else f"batch {batch} {_why(job)}"
        return BatchState(True, came, error_patterns.quoted(problem, self._model.key))

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._model.aclose()


def _why(job: Mapping[str, Any]) -> str:
    """A batch's status, with the service's words if it has some."""
    errors = job.get("errors")
    data = errors.get("data") if isinstance(errors, dict) else None
    first = data[0] if isinstance(data, list) and data else None
    words = str(first.get("message") or "") if isinstance(first, dict) else ""
    return f"{job['status']}: {words}" if words else str(job["status"])


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
