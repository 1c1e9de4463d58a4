"""`HttpModel`: what the chat models over HTTP have in common."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from targen_backends.completions import is_another, token_bound
from targen_backends.http.failures import NotServed
from targen_backends.http.keys import missing_key
from targen_backends.http.poster import Answer, Poster
from targen_backends.http.service import Service
from targen_backends.prices import price_of
from targen_core import ChatReply, Price
from targen_core.calls.model import ChatRequest
from targen_core.hints import quoted, suggestions_for

_SHOWN = 10
"""Names of models that an error lists."""

_KEPT = 64
"""Schemas whose JSON is kept."""


class _SchemaParts:
    """A piece of JSON for each schema object, made when it is first asked for.

    A run has a handful of schemas and asks for each thousands of times.
    """

    def __init__(self, make: Callable[[Mapping[str, Any], str], Any]) -> None:
        self._make = make
        # id of a schema -> the schema, which keeps its id its own, and its bytes.
        self._made: dict[int, tuple[Mapping[str, Any], bytes]] = {}

    def part(self, schema: Mapping[str, Any], name: str) -> bytes:
        """The JSON of `schema`, called `name`."""
        entry = self._made.get(id(schema))
        if entry is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            made = json.dumps(self._make(schema, name)).encode()
            entry = self._made[id(schema)] = (schema, made)
        return entry[1]


def _digest(extra: Mapping[str, Any]) -> str:
    """Return `":"` and 12 hex digits that represent `extra` in an identity; "" for none."""
    if not extra:
        return ""
    text = json.dumps(extra, sort_keys=True)
    return f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class HttpModel(ABC):
    """A `ChatModel` that posts each request to one address; a service fills in its form.

    Args:
        base_url: the address without the path that is posted to, without user
            info and query.
        model: the name that the service knows the model by.
        api_key: sent as a bearer token; "" sends none. It never shows in
            `identity`, `repr` or an error.
        timeout: seconds for one whole call.
        structured: how to request a schema; `json_schema`: enforced.
        max_concurrency: maximum useful concurrent calls, or None.
        extra: further fields of every request body.
    """

    kind: ClassVar[str]
    """The prefix of an identity: the form that the service speaks."""
    path: ClassVar[str]
    """The path to post to, under the address."""
    models_path: ClassVar[str] = "/models"
    """Where it lists its models, under the address."""
    service: ClassVar[Service]
    key_of: ClassVar[str] = ""
    """The backend that makes no call without a key; "" if a call needs none."""
    prices: ClassVar[str] = ""
    """Whose table of `prices.toml` has its price; "": unknown, also behind a near address."""
    seeded = True
    top_logprobs: int | None = None
    scores_given = False
    continues = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        timeout: float = 120.0,
        structured: str = "json_schema",
        max_concurrency: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self._address = address = base_url.rstrip("/")
        self.identity = f"{self.kind}:{address}:{model}:{structured}{_digest(extra or {})}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        self.price: Price | None = price_of(self.prices, model) if self.prices else None
        self._head = {"model": model, **(extra or {})}
        self._mode = structured
        self._schemas = _SchemaParts(self.schema)
        self._poster = Poster(
            f"{address}{self.path}",
            headers=self.key_header(api_key) if api_key else {},
            secret=api_key,
            timeout=timeout,
            service=self.service,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return secrets that replies and errors must not repeat; see `ChatModel`."""
        return (self._poster.secret,)

    @property
    def key(self) -> str:
        """The API key, for who sends what this client does not; "" for none."""
        return self._poster.secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        self.require_key()
        try:
            return self.told_apart(
                await self._poster.ask(
                    self.body(request),
                    lambda answer: self.reply(answer, request),
                    self.headers(request.params),
                )
            )
        except NotServed as error:
            await self._explain(error)
            raise

    def told_apart(self, reply: ChatReply) -> ChatReply:
        """`reply`, marked if a model answered that is not the requested one."""
        other = is_another(reply.model, str(self._head["model"]))
        return replace(reply, is_other=True) if other else reply

    async def _explain(self, error: NotServed) -> None:
        """Explain a 404: its address, and the available models, or an address that has some."""
        model = str(self._head["model"])
        error.args = (f"{error} (POST {self._poster.url}, model {model})",)
        names = await self._poster.models(f"{self._address}{self.models_path}")
        if model in names:
            return
        if names:
            near = suggestions_for(model, names)
            shown = f"the server has {', '.join(names[:_SHOWN])}{', …' if names[_SHOWN:] else ''}"
            error.hint = f"did you mean {' or '.join(near)}? {shown}" if near else shown
            return
        # The usual slips: /v1 is missing, or what comes behind it is given too.
        roots = dict.fromkeys((self._address, self._address.partition("/v1/")[0]))
        for address in (f"{root}/v1" for root in roots):
            if await self._poster.models(f"{address}{self.models_path}"):
                error.hint = f"--base-url {quoted(address)}"
                return

    def require_key(self) -> None:
        """Check that there is a key, if calls need one.

        Raises:
            AuthenticationFailed: the key is missing.
        """
        if self.key_of and not self._poster.secret:
            raise missing_key(self.key_of, self.service.key_variable)

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        await self._poster.aclose()

    @abstractmethod
    def schema(self, schema: Mapping[str, Any], name: str) -> Any:
        """A reply's schema as the service wants it."""

    @abstractmethod
    def body(self, request: ChatRequest) -> bytes:
        """Return the body to post for a request."""

    @abstractmethod
    def reply(self, answer: Answer, request: ChatRequest) -> ChatReply:
        """The reply in an answer.

        Raises:
            ServiceUnavailable: the answer contains no reply.
        """

    def key_header(self, api_key: str) -> Mapping[str, str]:
        """The header of every call that holds the key."""
        return {"Authorization": f"Bearer {api_key}"}

    def headers(self, params: Mapping[str, Any]) -> Mapping[str, str] | None:
        """Return headers of only one call."""
        return None
