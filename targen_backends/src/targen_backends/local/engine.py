"""`LocalModel`: llama.cpp in this process, one reply at a time in each engine.

Two things make a reply depend only on its request, and not on other calls. An engine works on one
request at a time, since the numbers of a batch may depend on its size. And a prompt is always
evaluated in the same two steps, its head and its tail. The head is all messages except the last,
which most calls of a stage share. The head's state is kept, which makes a call several times
faster; a short primer before each call cuts the state back to the head.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import xllamacpp  # type: ignore[import-untyped, unused-ignore]

from targen_backends.completions import fields, read_reply, token_bound
from targen_backends.local.weights import fingerprint
from targen_backends.schema import response_format, tight_schema
from targen_backends.scores import asking
from targen_core import ChatReply, Price
from targen_core.calls.model import ChatRequest
from targen_core.errors import ServiceError
from targen_standard import error_patterns

_PRIMER = "~"
"""A start that no last message of a real prompt has."""


class LocalModel:
    """A GGUF model inside this process; a `ChatModel` that is free.

    Loading waits for the first call. The weights are mapped into memory, so
    that several engines share them; each has a context memory of its own.

    Args:
        weights: the GGUF file, or what finds it when the first call comes.
        identity: needed with the latter; else made from the file.
        parallel: engines, that is calls at once.
        threads: CPU threads of one engine. More engines with one thread use a
            CPU better than one engine with more, and never wait for a core
            that another process holds.
        n_ctx: tokens that prompt and reply of one call may take together.
        kept_prompts: prompt heads that each engine keeps evaluated.
        verbose: whether llama.cpp may write to stderr.
    """

    structured = True
    seeded = True
    top_logprobs: int | None = 1000  # llama.cpp lists all of a vocabulary, and takes seconds to
    scores_given = True
    continues = True

    def __init__(
        self,
        weights: Path | Callable[[], Path],
        *,
        identity: str = "",
        parallel: int = 1,
        threads: int = 1,
        n_ctx: int = 4096,
        kept_prompts: int = 4,
        verbose: bool = False,
    ) -> None:
        self.identity = identity
        if isinstance(weights, Path):
            self.identity = f"local:{weights.name}:{fingerprint(weights)}"
        self.max_concurrency: int | None = parallel
        self.price: Price | None = Price(0.0, 0.0, source="the model runs in this process")
        self._lock = threading.Lock()
        self._weights = weights
        self._parallel = parallel
        self._engine = partial(_Engine, self._find, threads, n_ctx, kept_prompts, verbose)
        self._open()

    def _open(self) -> None:
        """Have engines and workers; neither takes anything before the first call."""
        self._idle = [self._engine() for _ in range(self._parallel)]
        self._workers = ThreadPoolExecutor(self._parallel, thread_name_prefix="targen-local")

    def __repr__(self) -> str:
        return f"LocalModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request in a worker thread; see `ChatModel.complete`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, self._answer, request)

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Wait for the calls that run, then unload the model; a later call loads it again."""
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)
        self._open()

    def _find(self) -> Path:
        """The weights, looked for (or downloaded) once."""
        with self._lock:
            if not isinstance(self._weights, Path):
                self._weights = self._weights()
            return self._weights

    def _answer(self, request: ChatRequest) -> ChatReply:
        body = fields(request)
        if request.schema is not None:
            body["response_format"] = response_format(
                tight_schema(request.schema), request.schema_name
            )
        head = json.dumps(body["messages"][:-1])
        engine = self._take(head)
        try:
            if request.given is not None:
                return _given(engine, head, request, request.given)
            return read_reply(engine.ask(head, body), request)
        finally:
            with self._lock:
                self._idle.append(engine)

    def _take(self, head: str) -> _Engine:
        """An idle engine: one that has the head, else the longest idle.

        There is one, since there are as many engines as workers.
        """
        with self._lock:
            best = next((engine for engine in self._idle if head in engine.slots), self._idle[0])
            self._idle.remove(best)
        return best


class _Engine:
    """One llama.cpp server object, used by one thread at a time.

    It has a slot for each prompt head; `slots` maps heads to slots, the least
    recently used first.
    """

    def __init__(
        self,
        weights: Callable[[], Path],
        threads: int,
        n_ctx: int,
        kept_prompts: int,
        verbose: bool,
    ) -> None:
        self.slots: dict[str, int] = {}
        self._weights = weights
        self._threads = threads
        self._n_ctx = n_ctx
        self._kept = kept_prompts
        self._verbose = verbose
        self._key = secrets.token_hex(16)
        self._server: Any = None

    def ask(self, head: str, body: dict[str, Any]) -> Any:
        """llama.cpp's answer to the chat completion `body`, whose head is `head`."""
        if self._server is None:
            self._server = self._load()
        known = head in self.slots
        if known:
            slot = self.slots.pop(head)
        elif len(self.slots) < self._kept:
            slot = min(set(range(self._kept)) - set(self.slots.values()))
        else:
            slot = self.slots.pop(next(iter(self.slots)))
        *before, last = body["messages"]
        primer = {
            "messages": [*before, {"role": last["role"], "content": _PRIMER}],
            "max_tokens": 1,
            "temperature": 0,
            "id_slot": slot,
            "cache_prompt": known,
        }
        self._call(primer)
        self.slots[head] = slot  # only now: after an error the slot holds anything
        return self._call({**body, "id_slot": slot, "cache_prompt": True})

    def tokens(self, text: str) -> list[int] | None:
        """Return the tokens of a text as the model writes it; None if a character takes several.

        The library has no function for it; its server has.
        """
        if self._server is None:
            self._server = self._load()
        asked = json.dumps({"content": text, "parse_special": False, "with_pieces": True})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        address = urlsplit(self._server.listening_address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            connection.request("POST", "/tokenize", asked, headers)
            pieces = json.loads(connection.getresponse().read())["tokens"]
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise ServiceError(f"llama.cpp cannot tokenise a text: {error}") from error
        finally:
            connection.close()
        if any(not isinstance(piece["piece"], str) for piece in pieces):
            return None
        return [piece["id"] for piece in pieces]

    def _call(self, body: dict[str, Any]) -> Any:
        try:
            answer = self._server.handle_chat_completions(body)
        except (ValueError, RuntimeError, TypeError) as error:
            raise ServiceError(
                f"llama.cpp rejected the request: {error_patterns.quoted(str(error))}",
                cause="unsupported",
            ) from error
        if "error" in answer:
            raise _failure(answer["error"])
        return answer

    def _load(self) -> Any:
        weights = self._weights()
        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.n_parallel = self._kept
        params.n_ctx = self._n_ctx * self._kept
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        params.warmup = False
        params.verbosity = 3 if self._verbose else -1
        # Only the heads are kept from call to call.
        params.cache_ram_mib = 0
        params.cache_idle_slots = False
        # It also listens on a loopback port; only this process knows the key.
        params.api_keys = [self._key]
        params.endpoint_slots = False
        params.n_threads_http = 1
        try:
            return xllamacpp.Server(params)
        except Exception as error:
            raise ServiceError(
                f"llama.cpp cannot load {weights}: {error}",
                hint="-o verbose=true shows llama.cpp's log; a newer xllamacpp may support the "
                "model",
                cause="unsupported",
            ) from error


def _given(engine: _Engine, head: str, request: ChatRequest, text: str) -> ChatReply:
    """Return the probability of a given text: a grammar lets the model write only its tokens.

    The reported probability is that before the grammar.
    """
    tokens = engine.tokens(text)
    if tokens is None:  # a grammar cannot name a part of a character
        return ChatReply("", "other")
    body = {
        "messages": fields(request)["messages"],
        "max_tokens": len(tokens),
        "temperature": 0,
        "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in tokens),
        **asking(request),
    }
    reply = read_reply(engine.ask(head, body), request)
    return replace(reply, finish="stop")


def _failure(error: dict[str, Any]) -> ServiceError:
    """The error for the `error` object of llama.cpp's answer."""
    words = error_patterns.quoted(str(error.get("message", error)))
    code = error.get("code")
    cause = error_patterns.cause_of(
        code if isinstance(code, int) else 500, words, [str(error.get("type"))]
    )
    hint = "-o n_ctx=TOKENS sets a larger context" if cause == "too-long" else ""
    return ServiceError(words, cause=cause, hint=hint)
