"""`ClaudeBatches`: Anthropic's message batches.

The forms: platform.claude.com/docs/en/build-with-claude/batch-processing and the API reference,
message batches, read 2026-11-20. The requests are posted, and the results are lines to download
when the batch has ended. A batch holds at most 100,000 requests and 256 MB.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from targen_backends.batches import NOBODY, answers, careful, document, parsed
from targen_backends.claude.client import ClaudeModel
from targen_backends.claude.messages import SAMPLING
from targen_core.calls.backend import BatchAnswer, BatchState
from targen_core.calls.model import ChatRequest
from targen_core.calls.secrets import Secrets
from targen_core.errors import ServiceError
from targen_standard import error_patterns

_PATH = "/v1/messages/batches"
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "overloaded_error": 529,
    "timeout_error": 504,
}
"""The HTTP status of each type of error in a single call
(platform.claude.com/docs/en/api/errors)."""


class ClaudeBatches:
    """A `BatchProvider` for a model behind Anthropic's message batches.

    Args:
        model: makes the requests' bodies, and has the key.
    """

    max_requests = 100_000
    max_bytes = 250_000_000

    def __init__(self, model: ClaudeModel) -> None:
        self.identity = model.identity
        self._model = model
        self._secrets = Secrets(model.key)

    def encode(self, request: ChatRequest) -> bytes:
        """The request as a member of a batch."""
        key = json.dumps(request.key).encode()
        return b'{"custom_id":%s,"params":%s}' % (key, self._model.body(request))

    @careful
    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of a line of results.

        Raises:
            ValueError: the line is invalid.
        """
        key, record = parsed(line, self._secrets)
        result = record.get("result")
        kind = result.get("type") if isinstance(result, dict) else None
        if not isinstance(result, dict) or not isinstance(kind, str):
            raise ValueError("no result")
        if kind == "succeeded":
            try:
                return key, self._model.read(result.get("message"), requests.get(key, NOBODY))
            except ServiceError as raised:
                return key, raised
        if kind == "errored":
            envelope = result.get("error")
            inner = envelope.get("error", envelope) if isinstance(envelope, dict) else None
            name = str(inner.get("type")) if isinstance(inner, dict) else ""
            body = json.dumps(envelope).encode()
            return key, self._model.failure(_STATUS.get(name, 500), body, {})
        words = error_patterns.quoted(kind, self._model.key, max_length=50)
        return key, ServiceError(f"the batch ended before this call was processed: {words}")

    async def submit(self, lines: Sequence[bytes]) -> str:
        """Hand a batch over.

        Raises:
            ServiceError: the batch was not handed over, or, with `billed`, may have been.
        """
        self._model.require_key()
        params = json.loads(lines[0])["params"]
        headers = self._model.headers({name: params.get(name) for name in SAMPLING})
        body = b'{"requests":[%s]}' % b",".join(lines)
        answer = await self._model.fetch("POST", _PATH, body, headers)
        return str(document(answer, "id", billed=True)["id"])

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        """Return the state of a batch; its results are read when it has ended.

        Raises:
            ServiceError: its class says whether a retry can help.
        """
        self._model.require_key()
        path = f"{_PATH}/{batch}"
        answer = await self._model.fetch("GET", path)
        if document(answer, "id", "processing_status")["processing_status"] != "ended":
            return BatchState(False)
        # Not the address that it names: the key goes to no other place.
        lines = self._model.fetch_lines(f"{path}/results")
        return BatchState(True, await answers(lines, self.decode, requests))

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._model.aclose()
