"""(2) One call: what is sent, what is read, and what each failure means.

The forms are those of OpenAI's chat completions. For a service with others,
change `_body`, `_read` and `_failure`, and give the tests its `Wire`.

Try nothing again here: targen does, and counts every attempt. It also keeps
to rate limits and budgets, from what `_failure` and `_read` tell it.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from targen_core import ChatReply, Price
from targen_core.calls.model import ChatRequest, Finish
from targen_core.errors import (
    AuthenticationFailed,
    BadRequest,
    RateLimited,
    ServiceError,
    ServiceUnavailable,
    TimedOut,
)

_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}
_MAX_BYTES = 4 << 20  # bytes of an answer that are read: a service may send without end
_TURN = 16  # tokens that a service may add around each message


class HttpModel:
    """A model behind `POST {base_url}/chat/completions`; implements `ChatModel`."""

    structured = True  # the service keeps its replies to the schema that it gets
    seeded = True  # it takes a seed
    max_concurrency: int | None = None  # calls that make sense at once
    price: Price | None = None  # Price(0.15, 0.60): dollars per million tokens, in and out

    def __init__(self, base_url: str, model: str, *, key: str, timeout: float) -> None:
        """A model; no connection is made before the first call."""
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._model = model
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        # A session lives in one event loop, and a program's calls may each have their own.
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = (
            WeakKeyDictionary()
        )
        # What decides the replies: part of each call's key. It must not contain a secret.
        self.identity = f"my-demo:{self._url}:{model}"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request, or raise the error that says whether trying later can help."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            self._sessions[loop] = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._sessions[loop].post(
                self._url, json=self._body(request), headers=headers, allow_redirects=False
            ) as answer:
                text = await _text(answer)
        except TimeoutError:
            raise TimedOut(f"no answer in {self._timeout.total:g} s", billed=True) from None
        except aiohttp.ClientError as error:
            # `from None`: the text that the library's error repeats may contain the key.
            raise ServiceUnavailable(f"{type(error).__name__} on the way to the service") from None
        if answer.status != 200:
            raise self._failure(answer.status, text, answer.headers.get("Retry-After", ""))
        return self._read(text)

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound, never an estimate: no tokenizer needs more than one token a byte."""
        sent = [message.content for message in request.messages]
        if request.schema is not None:
            sent.append(json.dumps(request.schema))
        return sum(len(text.encode("utf-8", "replace")) + _TURN for text in sent)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        if session := self._sessions.pop(asyncio.get_running_loop(), None):
            await session.close()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        """Return the request body. Leave out a parameter that is None."""
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.messages],
            **{name: value for name, value in request.params.items() if value is not None},
        }
        if request.schema is not None:
            schema = {"name": request.schema_name, "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _read(self, text: str) -> ChatReply:
        """The reply in an answer with status 200."""
        try:
            envelope = json.loads(text)
            choice = envelope["choices"][0]
            content = choice["message"]["content"] or ""
            finish = _FINISH.get(choice["finish_reason"], "other")
            usage = envelope["usage"]
            tokens = usage["prompt_tokens"], usage["completion_tokens"]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise ServiceUnavailable("the answer is not a chat completion", billed=True) from None
        return ChatReply(content, finish, input_tokens=tokens[0], output_tokens=tokens[1])

    def _failure(self, status: int, text: str, wait: str) -> ServiceError:
        """Return the error for a status other than 200."""
        if self._key:  # some services repeat it
            text = text.replace(self._key, "...")
        message = f"HTTP {status}: {text[:300]}"
        seconds = float(wait) if re.fullmatch(r"[0-9]{1,6}", wait) else None
        if status == 429:
            return RateLimited(message, retry_after=seconds)
        if status >= 500:
            return ServiceUnavailable(message, retry_after=seconds)
        if status in (401, 403):
            return AuthenticationFailed(message, hint="is the key right, and given?")
        if "context length" in text:
            return BadRequest(message, hint="lower -o max_tokens=N", of_content=True)
        return BadRequest(message, hint="are base_url and the model's name right?")


async def _text(answer: aiohttp.ClientResponse) -> str:
    """The body of an answer, which must not take all memory."""
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > _MAX_BYTES:
            raise ServiceUnavailable(f"the answer is longer than {_MAX_BYTES:,} bytes", billed=True)
    return b"".join(parts).decode("utf-8", "replace")
