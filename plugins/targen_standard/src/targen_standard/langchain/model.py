"""A LangChain chat model as a `ChatModel`.

Importing this module does not import langchain, which takes half a second: callers that pass its
models have done so.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import re
import sys
import time
import traceback
import warnings
import weakref
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.call import with_schema
from targen_core.calls.model import ChatReply, ChatRequest, Finish, Message, Price, counted
from targen_core.calls.secrets import may_name_secret, scrub, secrets_in
from targen_core.cli import tokens
from targen_core.errors import Cause, ServiceError, TargenError
from targen_standard.error_patterns import cause_of, quoted, seconds
from targen_standard.langchain.loop import submit

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "refusal": "refusal",
    "content_filter": "content-filter",
    "content-filter": "content-filter",
    "safety": "content-filter",
}
"""Providers' names for the end of a reply, in lower case."""

_NO_REPLY = frozenset(
    "timeout request_timeout default_request_timeout stream_chunk_timeout max_retries streaming "
    "disable_streaming stream_usage verbose callbacks callback_manager custom_get_token_ids tags "
    "metadata cache rate_limiter http_client http_async_client http_socket_options name "
    "include_response_headers output_version profile".split()
)
"""Fields of LangChain's classes that control how a reply is fetched, not its content."""

_GIVEN: dict[int, tuple[weakref.ref[BaseChatModel], frozenset[str]]] = {}
"""The names of the fields that models were given, by the ids of the models, which have no hash."""

SILENCE = 600.0
"""Seconds after which a model that answers no call is given up; services have their own limits."""

_ANSWERS = ("_agenerate", "_generate")
"""The methods of LangChain's classes that answer a call."""

_PROBE = {
    "title": "reply",
    "description": "A reply.",
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}


def adapted(model: Any) -> LangChainModel | None:
    """Return a LangChain chat model as a `ChatModel`; None for any other object.

    Raises:
        TypeError: a chat model within another object, as `bind` and `with_retry` return.
    """
    if _is_chat_model(model):
        return LangChainModel(model)
    if _is_chat_model(getattr(model, "bound", None)):
        raise TypeError(
            f"{type(model).__qualname__} comes from bind or with_retry; pass the model itself "
            "(its attribute .bound), and options as keywords. targen handles retries"
        )
    return None


def _is_chat_model(model: Any) -> bool:
    return any(
        base.__name__ == "BaseChatModel" and base.__module__.startswith("langchain_core.")
        for base in type(model).__mro__
    )


class LangChainModel:
    """A LangChain chat model as a `ChatModel`.

    It calls `_agenerate`, the method that every langchain model implements or inherits (the
    inherited one runs `_generate` in a thread), and not `ainvoke`. Callbacks, tracing and
    langchain's own cache cost ten times as much as the call itself, and our call layer caches,
    limits and retries. It runs in one event loop per process, whatever loop awaits it; see `loop`.

    Sampling parameters go in as keyword arguments. A sampling seed is sent if the model has a field
    of that name. A schema is sent as the class's
    `with_structured_output` sends it: as the form of the reply, or as a tool
    that must be called. A class that has neither, such as langchain's fakes,
    gets the schema in words; so does a service that refuses the other forms.

    Args:
        model: the langchain model, set up with its key and its address. Its
            own retries should be off (`max_retries=0`).
        price: dollars per million tokens, None if unknown.
        max_concurrency: maximum useful concurrent calls, or None.
        structured: False to put schemas into words whatever the class can do.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        price: Price | None = None,
        max_concurrency: int | None = None,
        structured: bool = True,
    ) -> None:
        found = (secrets_in(value, name) for name, value in vars(model).items())
        self.secrets = tuple(secret for some in found for secret in some)
        self.identity = _identity(model, self.secrets)
        probe = _binding(model, _PROBE) if structured else None
        self.structured = probe is not None
        if probe is not None:
            self.identity += ":tool" if "tools" in probe else ":schema"
        self._is_refused = False  # the service takes no schema
        self._is_bound_elsewhere = False  # its client is of another event loop
        self._bindings: dict[str, Mapping[str, Any] | None] = {}
        self._answered = 0.0  # when a call was answered last
        self.seeded = "seed" in type(model).model_fields
        self.price = price
        self.max_concurrency = max_concurrency
        self._model = model

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request; see `ChatModel.complete`."""
        bound = self._bound(request)
        if bound is not None:
            try:
                return await self._complete(request, request.messages, bound)
            except ServiceError as error:
                if not _is_about(error, bound):
                    raise
                self._is_refused = True  # for good: a refused call is free, but takes time
        messages = request.messages
        if self.structured and request.schema is not None:
            messages = with_schema(messages, request.schema)
        return await self._complete(request, messages, {})

    def _bound(self, request: ChatRequest) -> Mapping[str, Any] | None:
        """Return the keywords that send a request's schema; None to describe it in words."""
        if not self.structured or self._is_refused or request.schema is None:
            return None
        name = request.schema_name or "reply"
        schema = {"title": name, "description": f"A {name}.", **request.schema}
        text = json.dumps(schema, sort_keys=True)
        if text not in self._bindings:
            self._bindings[text] = _binding(self._model, schema)
        return self._bindings[text]

    async def _complete(
        self, request: ChatRequest, messages: tuple[Message, ...], bound: Mapping[str, Any]
    ) -> ChatReply:
        params = {name: value for name, value in request.params.items() if value is not None}
        stop = params.pop("stop", None)
        if isinstance(stop, str):
            stop = [stop]
        try:
            options = {"stop": stop, **bound, **params}
            result = await self._answer(_to_langchain(messages), options)
        except TargenError:
            raise
        except Exception as error:
            words = str(error)
            bare = scrub(words, *self.secrets) == words  # else its traceback shows a key
            failure = _failure(error, self.secrets)
            kind = type(self._model)
            nobody_refused = failure.cause in ("bad-request", "unsupported") and not _status(error)
            if nobody_refused or _parses_itself(error, kind):  # a bug
                failure = _bug(kind, f"{failure}{place(error, kind)}")
                if unknown := _own_keyword(error, self._model):
                    failure.hint = (
                        f"remove {unknown} from model_kwargs, which only accepts keywords "
                    )
                    failure.hint += "of the provider's library"
                    if hasattr(self._model, "extra_body"):
                        failure.hint += "; use extra_body for others"
            address = getattr(self._model, "openai_api_base", None)
            if _status(error) == 404 and isinstance(address, str) and "/v1" not in address:
                failure.hint = f"is the address right? Most end in /v1: base_url={address}/v1"
            raise failure from (error if bare else None)
        _check_result(result, type(self._model))
        try:
            reply = _reply(result, request, by_tool="tools" in bound)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            raise ServiceError(
                f"{type(self._model).__qualname__} returned no message: {type(error).__name__}",
                billed=True,
            ) from error
        return counted(reply, self.count_tokens(request), request.params["max_tokens"])

    async def _answer(self, messages: list[BaseMessage], options: Mapping[str, Any]) -> Any:
        if not self._is_bound_elsewhere:
            try:
                return await self._awaited(submit(self._model._agenerate(messages, **options)))
            except Exception as error:
                if not _of_a_loop(error):
                    raise
                # The program used it first, in a loop of its own, whose connections it still has.
                self._is_bound_elsewhere = True
        try:
            return await asyncio.to_thread(self._model._generate, messages, **options)
        except NotImplementedError as error:  # it only answers in an event loop
            raise ServiceError(
                f"{type(self._model).__qualname__} was already used in the program's event loop, "
                "where its client has open connections, and it does not implement _generate",
                hint="pass a new object with its own client",
                cause="unsupported",
            ) from error

    async def _awaited(self, answer: Future[Any]) -> Any:
        """Wait for an answer, but not for a model that no longer answers any call."""
        waiting, began = asyncio.wrap_future(answer), time.monotonic()
        silent = 0.0
        try:
            while silent < SILENCE:
                done, _ = await asyncio.wait({waiting}, timeout=SILENCE - silent)
                if done:
                    self._answered = time.monotonic()
                    return waiting.result()
                silent = time.monotonic() - max(began, self._answered)
        finally:
            waiting.cancel()
        raise ServiceError(
            f"{type(self._model).__qualname__} answered no call for {SILENCE:g} s", cause="timeout"
        )

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, those of the schema among them."""
        if not self.structured or request.schema is None:
            return tokens.upper_bound(request.messages)
        return tokens.upper_bound(with_schema(request.messages, request.schema))

    async def aclose(self) -> None:
        """Does nothing, since a LangChain model manages its own connections."""


def _identity(model: BaseChatModel, secrets: Sequence[str]) -> str:
    """Class, model name, and a digest of what else identifies the model.

    A class may name the settings that identify it or not, so all fields that it was given count.
    Values that are not plain data count by their type. Secrets, time-outs and the like
    do not count.
    """
    kind = type(model)
    said = decides_replies(model._identifying_params)
    given = decides_replies({name: getattr(model, name, None) for name in _given(model)})
    known = {name: _digest(value, secrets) for name, value in given.items() if value is not None}
    known |= said
    names = [said.get(field) or getattr(model, field, None) for field in ("model_name", "model")]
    name = next((name for name in names if isinstance(name, str)), "")
    digest = _digest(known, secrets)
    return f"langchain:{kind.__module__}.{kind.__qualname__}:{name}:{digest}"


def _given(model: BaseChatModel) -> frozenset[str]:
    """The public fields that were set when a model was first used here.

    Not those that it sets at a call, such as a counter: the same object must stay the same model.
    """
    ref, names = _GIVEN.get(id(model), (None, frozenset()))
    if ref is None or ref() is not model:
        fields = type(model).model_fields
        names = frozenset(
            name
            for name in model.model_fields_set
            if not (name in fields and fields[name].exclude) and not may_name_secret(name)
        )
        key = id(model)
        _GIVEN[key] = weakref.ref(model, lambda _: _GIVEN.pop(key, None)), names
    return names


def _digest(value: Any, secrets: Sequence[str] = ()) -> str:
    """A digest of a value, or of its type where that cannot be written as JSON."""
    try:
        text = scrub(json.dumps(value, sort_keys=True, default=_as_plain), *secrets)
    except (TypeError, ValueError, RecursionError):  # keys that are no names, a value within itself
        text = type(value).__qualname__
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _as_plain(value: Any) -> Any:
    """Return plain data for a value that is not plain data."""
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return {type(value).__qualname__: dict(value)}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return type(value).__qualname__


def decides_replies(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a class's options that may affect what it replies."""
    return {name: value for name, value in options.items() if name not in _NO_REPLY}


def _binding(model: BaseChatModel, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the keywords by which a model's class asks for a schema; None if it cannot.

    `with_structured_output` returns a sequence: the model, bound to keywords, and a parser. The
    keywords are all that is needed, since the call layer reads replies itself.
    """
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import RunnableBinding

    kind = type(model)
    profile = getattr(model, "profile", None) or {}  # what langchain knows of the model's name
    ways: list[dict[str, Any]] = [{}] if profile.get("tool_calling") is not False else []
    if kind.with_structured_output is not BaseChatModel.with_structured_output:
        takes = inspect.signature(kind.with_structured_output).parameters
        # As the form of the reply first, which leaves no choice to the model.
        ways = [{"method": "json_schema"}] if "method" in takes else [{}]
        if "method" in takes and profile.get("structured_output") is False:
            ways = []
        if "method" in takes and profile.get("tool_calling") is not False:
            ways.append({})
    for way in ways:
        made: Any = None
        # Of any kind: a class that cannot gets its schema in words.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a way that it does not have: the next one
            made = model.with_structured_output(dict(schema), **way)
        first = getattr(made, "first", made)
        if isinstance(first, RunnableBinding) and first.bound is model:
            # langchain drops what is for its tracing before it calls a model
            dropped = ("ls_structured_output_format", "structured_output_format")
            bound = {name: value for name, value in first.kwargs.items() if name not in dropped}
            if bound:
                return bound
    return None


def _of_a_loop(error: BaseException | None) -> bool:
    """Return whether a client failed because it only works in another event loop."""
    while error is not None:
        if isinstance(error, RuntimeError) and "event loop" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_about(error: ServiceError, bound: Mapping[str, Any]) -> bool:
    """Return whether a request was refused for the keywords that hold its schema."""
    words = str(error).partition(": ")[2].lower()  # behind the name of a class
    names = {name.lower() for name in bound} | {"schema", "response_format", "tool_choice"}
    return any(name in words for name in names if len(name) > 3)


def _reply(result: Any, request: ChatRequest, *, by_tool: bool = False) -> ChatReply:
    """The reply in a langchain result; token counts that are left out are estimated."""
    message = result.generations[0].message
    text = str(message.text)
    finish = _finish({**(result.generations[0].generation_info or {}), **message.response_metadata})
    if by_tool and message.tool_calls:
        text = json.dumps(message.tool_calls[0]["args"], ensure_ascii=False)
        finish = "stop" if finish == "other" else finish  # "tool_calls", "tool_use"
    elif by_tool and message.invalid_tool_calls:  # as when it is cut off
        text = message.invalid_tool_calls[0]["args"] or text
    usage = getattr(message, "usage_metadata", None) or {}
    input_details = usage.get("input_token_details") or {}
    output_details = usage.get("output_token_details") or {}
    return ChatReply(
        text,
        finish,
        usage.get("input_tokens") or tokens.estimate(m.content for m in request.messages),
        usage.get("output_tokens") or tokens.estimate([text]),
        cache_read_tokens=input_details.get("cache_read") or 0,
        cache_write_tokens=input_details.get("cache_creation") or 0,
        reasoning_tokens=output_details.get("reasoning") or 0,
    )


def _bug(kind: type, words: str) -> ServiceError:
    """The error for a mistake in a model's class."""
    said = f"{kind.__module__}.{kind.__qualname__}: {words}"
    return ServiceError(
        said, hint="fix the class, or report the problem to its authors", cause="unsupported"
    )


def _parses_itself(error: Exception, kind: type) -> bool:
    """Return whether a class's own code could not parse a reply, and no library of its service."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    callers = [file for file in files if Path(file).parent != Path(json.__file__).parent]
    return len(callers) < len(files) and callers[-1:] == [_home(kind)]


def _own_keyword(error: Exception, model: BaseChatModel) -> str:
    """The keyword of a model's `model_kwargs` that an error calls unknown, or ""."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    given = getattr(model, "model_kwargs", None)
    known = found is not None and isinstance(given, Mapping) and found[1] in given
    return found[1] if found is not None and known else ""


def _check_result(result: Any, kind: type) -> None:
    """Check that a class returned what langchain requires.

    Raises:
        ServiceError: it did not: a mistake in the class, which each call would repeat.
    """
    generations = getattr(result, "generations", None)
    if generations and isinstance(generations, list) and hasattr(generations[0], "message"):
        return
    what = "a ChatResult without generations" if generations == [] else type(result).__qualname__
    name = next(name for base in kind.__mro__ for name in _ANSWERS if name in vars(base))
    made = inspect.unwrap(getattr(kind, name))
    code = getattr(made, "__code__", None)  # no error was raised: the location of the method
    line = f" (line {code.co_firstlineno} of {Path(code.co_filename).name})" if code else ""
    raise _bug(
        kind,
        f"{name} returned {what}, not "
        f"ChatResult(generations=[ChatGeneration(message=AIMessage(...))]){line}",
    )


def _to_langchain(messages: Iterable[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](content=message.content) for message in messages]


def _finish(metadata: dict[str, Any]) -> Finish:
    for name in ("finish_reason", "stop_reason", "done_reason"):
        if metadata.get(name):
            return _FINISH.get(str(metadata[name]).lower(), "other")
    return "stop"  # a model that does not report the reason


_CAUSES: dict[str, Cause] = {  # of the classes of libraries, which rarely have a status
    "OverloadedError": "overloaded",
    "RateLimitError": "rate-limit",
    "ResourceExhausted": "rate-limit",
    "PermissionDeniedError": "key",
    "AuthenticationError": "key",
    "TimeoutError": "timeout",
    "APITimeoutError": "timeout",
    "TimeoutException": "timeout",
    "APIConnectionError": "connection",
    "TransportError": "connection",
    "OSError": "connection",
    "InternalServerError": "unavailable",
    "RecursionError": "no-reply",
    "JSONDecodeError": "no-reply",
    "APIResponseValidationError": "no-reply",
}
_HINTS: dict[Cause, str] = {
    "credit": "add credit or raise the limit, then run the same command again",
    "key": "check the API key of the LangChain model, and its access to the model",
    "too-long": "start a new run with a lower -o max_tokens=N, or with a model that has a longer "
    "context",
}


def _failure(error: Exception, secrets: Sequence[str] = ()) -> ServiceError:
    """The error of ours for what a provider's library raised, without `secrets`.

    Their classes are distinguished by name and `status_code`, since none of the libraries is a
    dependency. An unknown error counts as a bad request: it would return on every retry.
    """
    names = {base.__name__ for base in type(error).__mro__}
    headers = getattr(getattr(error, "response", None), "headers", None)
    status = _status(error)
    words = quoted(f"{type(error).__name__}: {error}", *secrets)
    codes = [str(code)] if (code := getattr(error, "code", None)) else []
    cause = cause_of(status, str(error), codes)
    if not status and cause == "unsupported":
        by_class = (cause for name, cause in _CAUSES.items() if name in names)
        cause = next(by_class, cause)
    return ServiceError(
        words,
        cause=cause,
        hint=_HINTS.get(cause, ""),
        billed=cause in ("timeout", "no-reply", "content-filter"),
        retry_after=_retry_after(headers) if cause in ("rate-limit", "overloaded") else None,
    )


def _status(error: Exception) -> int:
    """The HTTP status that a library's error tells, or 0."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else 0


def place(error: BaseException, kind: type) -> str:
    """Where a class's own file, or else any other, let an error by: " (line 7 of x.py)"."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == _home(kind)] or frames
    return f" (line {own[-1].lineno} of {Path(own[-1].filename).name})" if own else ""


def _home(kind: type) -> str | None:
    """The file of a class."""
    return getattr(sys.modules.get(kind.__module__), "__file__", None)


def _retry_after(headers: Any) -> float | None:
    try:
        return seconds(headers["retry-after"])
    except (TypeError, KeyError):
        return None
