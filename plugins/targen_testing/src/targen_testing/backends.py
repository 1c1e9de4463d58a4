"""`BackendSuite`: the checks that every backend must pass.

    from targen_testing.backends import BackendSuite as Suite

    class TestHouse(Suite):
        backend = "house"

A backend that talks to a service is run against a server on loopback that
misbehaves in every way that services do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote_plus

import pytest

from targen_core.calls.backend import Backend
from targen_core.calls.model import ChatModel, ChatReply, Price
from targen_core.calls.scores import most_top, problem
from targen_core.errors import ServiceError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.parsing import parse_options
from targen_core.runs.step_options import (
    backend_options,
    public_options,
    step_options,
)
from targen_testing.exchange import (
    KEY,
    MOST,
    TEXT,
    Exchange,
    answered,
    error_of,
    request_of,
    using,
)
from targen_testing.fault_server import Drop, FaultServer, Response, Seen, Silence
from targen_testing.hostile import ANSWERS, ENOUGH
from targen_testing.suite import ObjectSuite
from targen_testing.wire import OPENAI, TOKENS_IN, TOKENS_OUT, Wire


class BackendSuite(ObjectSuite[Backend]):
    """Checks of a backend; set `backend` to its registered name.

    Attributes:
        backend: the registered name.
        options: what a user would give as `-o`. `{url}` becomes the address
            of the kit's server and `{key}` a secret.
        timeout: the option that sets the seconds of one call; "" without one.
        wire: the forms of the service's answers; None for a backend without
            a service, whose checks with a server are then skipped.
    """

    backend: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ("base_url={url}", "model=tiny", "api_key={key}")
    timeout: ClassVar[str] = "timeout={seconds}"
    wire: ClassVar[Wire | None] = OPENAI
    kind = "backend"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Pass the options that the backend has; without an address it has no service."""
        fields = registry.resolve(item).options.model_fields
        given = tuple(option for option in cls.options if option.partition("=")[0] in fields)
        own = {"options": given, "timeout": cls.timeout if "timeout" in fields else ""}
        return own if "base_url" in fields else {**own, "wire": None}

    # --- how the tests run it ---

    def given(self, url: str = "", *, key: str = KEY, more: Sequence[str] = ()) -> dict[str, Any]:
        """The options, filled in."""
        address = url + (self.wire.base if self.wire else "")
        typed = (*self.options, *more)
        return parse_options([o.replace("{url}", address).replace("{key}", key) for o in typed])

    def model(self, url: str = "", *, key: str = KEY, more: Sequence[str] = ()) -> ChatModel:
        """The model, made as a run makes it."""
        backend = self.target()
        options = step_options(self.given(url, key=key, more=more), "generate").backend
        made = backend.create(backend_options(self.backend, backend, options))
        return self.registry().chat_model(made)

    def served(self) -> Wire:
        """Return the service's forms; skip the test without a service."""
        if self.wire is None:
            pytest.skip("does not declare a wire format")
        return self.wire

    def secret(self) -> None:
        """Skip the test where the backend takes no key."""
        if not any("{key}" in option for option in self.options):
            pytest.skip("does not have {key} among its options")

    def ask(
        self,
        plan: Callable[[Seen], Response] | Response | Silence | Drop,
        *,
        more: Sequence[str] = (),
        schema: bool = False,
        top_logprobs: int | None = None,
    ) -> Exchange:
        """One call of a server that answers as `plan` says."""
        request = request_of(schema=schema, top_logprobs=top_logprobs)
        with FaultServer(plan) as server:
            try:
                reply = answered(self.model(server.url, more=more), request)
            except Exception as error:
                return Exchange(None, error, server.seen)
            return Exchange(reply, None, server.seen)

    def good(self, text: str = TEXT, finish: str = "stop") -> Response:
        """A good answer."""
        return Response(self.served().answer(text, finish))

    def fault(self, status: int, message: str, code: str = "", **headers: str) -> Response:
        """An error of the service."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(self.served().fault(message, code), status, named)

    # --- what must hold of every backend ---

    def test_described(self) -> None:
        """It has a summary, and each option has a description."""
        backend = self.target()
        assert self.item().summary.strip(), "register it with a summary"
        assert backend.summary.strip(), "Backend.summary is empty"
        mute = [n for n, f in backend.options.model_fields.items() if not f.description]
        assert not mute, f"options without a description: {', '.join(mute)}"

    def test_identity_is_stable(self) -> None:
        """The identity depends only on the options, and not on the key."""
        first, again = (
            self.model("http://127.0.0.1:9"),
            self.model("http://127.0.0.1:9", key="other"),
        )
        assert isinstance(first, ChatModel), "`create` does not return a ChatModel"
        assert first.identity.strip(), "identity is empty"
        assert first.identity == again.identity, (
            "two models with the same options have different identities"
        )
        assert first.price is None or isinstance(first.price, Price)

    def test_answers(self) -> None:
        """A call returns text. Equal options create equal models, which may be closed twice."""

        async def twice(model: ChatModel) -> ChatReply:
            reply = await model.complete(request_of(schema=True))
            await model.aclose()
            return reply

        if self.wire is None:
            reply = using(self.model(), twice)
        else:
            with FaultServer(self.good()) as server:
                reply = using(self.model(server.url), twice)
            assert reply.text == TEXT, "the reply differs from the service's text"
        assert isinstance(reply, ChatReply)
        assert reply.text.strip(), "the reply is empty"
        assert reply.finish in ("stop", "length"), f"finish is {reply.finish!r}"

    def test_counts_tokens(self) -> None:
        """A reply counts its input and output tokens, and `count_tokens` is never too low."""
        if self.wire is None:
            model = self.model()
            reply: ChatReply | None = answered(model, request_of())
            error: Exception | None = None
        else:
            model = self.model("http://127.0.0.1:9")
            exchange = self.ask(self.good())
            reply, error = exchange.reply, exchange.error
        assert reply is not None, f"a valid answer raised {error!r}"
        assert reply.input_tokens > 0 and reply.output_tokens > 0, (
            "input_tokens and output_tokens are missing, but budgets and estimates need them"
        )
        if self.wire is not None:
            assert (reply.input_tokens, reply.output_tokens) == (TOKENS_IN, TOKENS_OUT), (
                "the token counts differ from the service's"
            )
        assert model.count_tokens(request_of()) >= reply.input_tokens, (
            "count_tokens must be an upper bound"
        )
        few, many = (model.count_tokens(request_of(text)) for text in ("river", "river " * 500))
        assert many >= few + 500, "count_tokens does not grow with the prompt"

    def test_tells_token_probabilities(self) -> None:
        """A model with `top_logprobs` returns each token of the text with its probability."""
        most = most_top(self.model("http://127.0.0.1:9"))
        if most is None:
            return
        assert most >= 0, f"top_logprobs is {most}; it must be a number of tokens, or None"
        assert self.target().top_logprobs is not None, (
            "the model has top_logprobs, but Backend.top_logprobs is None: callers cannot tell "
            "that it returns token probabilities"
        )
        top = min(most, 2)
        if self.wire is None:
            reply = answered(self.model(), request_of(top_logprobs=top))
        else:
            exchange = self.ask(Response(self.wire.scored(TEXT, "stop", top)), top_logprobs=top)
            assert exchange.reply is not None, (
                f"an answer with token probabilities raised {exchange.error!r}"
            )
            reply = exchange.reply
        assert reply.tokens, "`reply.tokens` is empty, although the service returned tokens"
        assert not problem(reply.tokens), problem(reply.tokens)
        assert "".join(token.text for token in reply.tokens) == reply.text, (
            "the tokens do not add up to the text: leave out end tokens and reasoning"
        )
        for token in reply.tokens:
            assert len(token.top) <= top, (
                f"a token has {len(token.top)} alternatives, but {top} were requested"
            )
            logprobs = [logprob for _, logprob in token.top]
            assert logprobs == sorted(logprobs, reverse=True), (
                "the likeliest alternative must come first"
            )

    # --- what must hold where there is a service ---

    def test_asks_for_token_probabilities_only_where_they_are_wanted(self) -> None:
        """Calls request probabilities only if needed: services may reject or charge for them."""
        if most_top(self.model("http://127.0.0.1:9")) is None:
            return
        self.served()
        bodies = []
        for top in (None, 0):
            exchange = self.ask(self.good(), top_logprobs=top)
            assert exchange.seen, f"no request arrived: {exchange.error!r}"
            bodies.append(exchange.seen[0].text)
        assert bodies[0] != bodies[1], (
            "a call that needs token probabilities does not request them from the service"
        )
        assert "logprob" not in bodies[0], (
            "a call that does not need token probabilities sends a field for them"
        )

    @pytest.mark.parametrize("how", ["none", "-inf", "nan", "missing"])
    def test_survives_odd_token_probabilities(self, how: str) -> None:
        """Invalid log-probabilities are clamped or omitted from the reply."""
        if most_top(self.model("http://127.0.0.1:9")) is None:
            return
        wire = self.served()
        body = wire.answer(TEXT, "stop") if how == "none" else wire.scored(TEXT, "stop", 1)
        text = json.dumps(body)
        odd = {
            "-inf": "-Infinity",
            "nan": "NaN",
            "missing": "null",
        }
        text = re.sub(r'("logprob": )[-\d.e]+', lambda found: found[1] + odd[how], text)
        exchange = self.ask(Response(text), top_logprobs=1)
        if exchange.reply is None:
            assert isinstance(exchange.error, ServiceError), f"{how} raises {exchange.error!r}"
            assert how not in ("none", "-inf"), (
                f"{how} raises {exchange.error!r}, but must be accepted"
            )
        else:
            assert not problem(exchange.reply.tokens), f"{how}: {problem(exchange.reply.tokens)}"
            none = how in ("nan", "missing")
            assert not (none and exchange.reply.tokens), f"{how} is not a log-probability"

    def test_hands_parameters_on(self) -> None:
        """`max_tokens` and the messages reach the service."""
        self.served()
        exchange = self.ask(self.good())
        assert exchange.seen, f"no request arrived: {exchange.error!r}"
        sent = unquote_plus(exchange.seen[0].text)  # a form has its spaces quoted
        assert str(MOST) in sent, "max_tokens does not reach the service"
        assert "Name a river." in sent, "the prompt does not reach the service"

    def test_hands_the_schema_on(self) -> None:
        """A model sends the schema if it is `structured`, and only then."""
        self.served()
        if not self.model("http://127.0.0.1:9").structured:
            return
        exchange = self.ask(self.good(), schema=True)
        assert exchange.seen, f"no request arrived: {exchange.error!r}"
        assert "waterway_of_note" in exchange.seen[0].text, (
            "structured is true, but the schema does not reach the service: pass it on, or set "
            "structured = False"
        )

    def test_tells_a_cut_reply(self) -> None:
        """A reply that is truncated at `max_tokens` has the `finish` "length"."""
        exchange = self.ask(self.good("The Vol", "length"))
        assert exchange.reply is not None, f"a truncated answer raised {exchange.error!r}"
        assert exchange.reply.finish == "length"

    @pytest.mark.parametrize("wait", ["7", ""], ids=["retry-after", "no-wait"])
    def test_rate_limit(self, wait: str) -> None:
        """A 429 has the cause "rate-limit" and the wait that the service requests, if any."""
        headers = {"Retry_After": wait} if wait else {}
        fault = self.fault(429, "Slow down.", "rate_limit_exceeded", **headers)
        error = error_of(self.ask(fault), "a 429")
        assert error.cause == "rate-limit", f"the cause of a 429 is {error.cause}"
        assert error.retry_after == (float(wait) if wait else None)

    @pytest.mark.parametrize(
        ("status", "message", "code", "cause"),
        [
            (401, "Invalid key.", "invalid_api_key", "key"),
            (403, "You may not use this model.", "", "key"),
            (400, "Unknown parameter.", "", "bad-request"),
            (404, "No such model.", "model_not_found", "no-model"),
            (400, "", "too-long", "too-long"),
            (500, "Something broke.", "", "server-error"),
            (503, "Busy.", "", "overloaded"),
        ],
        ids=["401", "403", "400", "404", "too-long", "500", "503"],
    )
    def test_sorts_failures(self, status: int, message: str, code: str, cause: str) -> None:
        """Each failure has the right cause, which decides whether retrying can help."""
        if code == "too-long":
            message, code = self.served().too_long
        error = error_of(self.ask(self.fault(status, message, code)), f"HTTP {status}")
        assert error.cause == cause, f"the cause of HTTP {status} is {error.cause}, not {cause}"

    @pytest.mark.parametrize("how", ["torn-json", "web-page", "no-reply", "dropped"])
    def test_broken_answers_are_no_replies(self, how: str) -> None:
        """An incomplete response raises an error, so that the call is retried."""
        whole = json.dumps(self.served().answer(TEXT, "stop"))
        plans: dict[str, list[Response | Drop]] = {
            "torn-json": [Response(whole[: len(whole) // 2])],
            "web-page": [Response("<html>Welcome</html>", headers={"Content-Type": "text/html"})],
            "no-reply": [Response(body) for body in self.served().empty],
            "dropped": [Drop()],
        }
        for plan in plans[how]:
            error = error_of(self.ask(plan), f"{how}: {plan}")
            assert error.retryable, f"{how} has the cause {error.cause}, and is not retried"

    @pytest.mark.parametrize("how", ANSWERS)
    def test_survives_hostile_answers(self, how: str) -> None:
        """Any response becomes a reply or a `ServiceError`, without using much memory."""
        for plan in ANSWERS[how](self.served()):
            with FaultServer(plan) as server:
                error, peak = self._measured(server)
                assert error is None or isinstance(error, ServiceError), f"{how}: {error!r}"
                wait = error.retry_after if error is not None else None
                assert wait is None or 0 <= wait < math.inf, f"{how}: retry_after is {wait} s"
                assert server.taken < ENOUGH, f"{how}: the client does not stop reading"
                assert peak < ENOUGH, f"{how}: one answer took {peak >> 20} MiB of memory"

    def _measured(self, server: FaultServer) -> tuple[Exception | None, int]:
        """Return what a call raises, and the most bytes that it takes."""
        model = self.model(server.url)
        tracemalloc.start()
        try:
            answered(model, request_of())
        except Exception as error:
            return error, tracemalloc.get_traced_memory()[1]
        else:
            return None, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_asks_once(self) -> None:
        """It does not retry: the call layer does, and counts the attempts."""
        for fault in (self.fault(429, "Slow down."), self.fault(500, "Broken."), Drop()):
            exchange = self.ask(fault)
            assert len(exchange.seen) == 1, f"{len(exchange.seen)} requests were sent for one call"

    def test_times_out(self) -> None:
        """A call to a silent service ends after the user's timeout."""
        self.served()
        if not self.timeout:
            pytest.skip("does not declare a timeout")
        with FaultServer(Silence()) as server:
            model = self.model(server.url, more=[self.timeout.replace("{seconds}", "0.2")])
            with pytest.raises(Exception) as caught:
                answered(model, request_of())
            assert not server.gave_up, f"{self.timeout} was exceeded"
        cause = getattr(caught.value, "cause", "")
        assert cause == "timeout", f"a timeout raises {caught.value!r}"

    def test_can_be_cancelled(self) -> None:
        """A cancelled call ends at once and leaves nothing behind, and the next call works."""
        self.served()
        plans: list[Response | Silence] = [self.good(), Silence()]
        with FaultServer(lambda seen: plans.pop()) as server:

            async def cancel(model: ChatModel) -> ChatReply:
                before = asyncio.all_tasks()
                call = asyncio.ensure_future(model.complete(request_of()))
                await asyncio.to_thread(server.arrived.wait)
                assert not server.gave_up, "complete() blocks the event loop while it waits"
                call.cancel()
                await asyncio.wait([call], timeout=5)
                assert call.done(), "complete() continues after it was cancelled"
                assert call.cancelled(), f"complete() swallowed its cancellation: {call}"
                left = asyncio.all_tasks() - before
                assert not left, f"unfinished tasks remain: {left}"
                return await model.complete(request_of())

            reply = using(self.model(server.url), cancel)
            assert reply.text == TEXT, "the call after a cancelled one fails"
            assert server.wait_closed(), "a connection is still open after aclose()"

    def test_gives_connections_back(self) -> None:
        """Each concurrent call gets its own reply; `aclose` closes all connections."""
        wire = self.served()

        def echo(seen: Seen) -> Response:
            text = unquote_plus(seen.text)
            (number,) = [n for n in range(8) if f"river {n}." in text]
            return Response(wire.answer(f"Reply {number}.", "stop"))

        with FaultServer(echo) as server:

            async def many(model: ChatModel) -> list[ChatReply]:
                requests = [request_of(f"Name river {n}.") for n in range(8)]
                return await asyncio.gather(*(model.complete(request) for request in requests))

            replies = using(self.model(server.url), many)
            assert [reply.text for reply in replies] == [f"Reply {n}." for n in range(8)]
            assert server.wait_closed(), "a connection is still open after aclose()"

    @pytest.mark.parametrize("where", ["errors", "identity", "logs"])
    def test_keeps_its_key_secret(self, where: str, caplog: pytest.LogCaptureFixture) -> None:
        """The key does not appear in any error, identity, `repr` or log."""
        self.served()
        self.secret()
        caplog.set_level(logging.DEBUG)
        if where == "errors":
            for text in self._texts_of_errors():
                assert KEY not in text, "an error contains the key"
        elif where == "identity":
            model = self.model("http://127.0.0.1:9")
            backend = self.target()
            options = step_options(self.given("http://127.0.0.1:9"), "generate").backend
            chosen = backend_options(self.backend, backend, options)
            text = f"{model.identity} {model!r} {chosen!r} {chosen} {public_options(chosen)}"
            assert KEY not in text, "identity or repr contains the key: make it a SecretStr"
        else:
            self.ask(self.good())
            self.ask(self.fault(401, "Invalid key."))
            assert KEY not in caplog.text, "the log contains the key"

    def _texts_of_errors(self) -> list[str]:
        """All that a user may see of failures, from a service that repeats the key."""
        id_header = {self.served().request_id: KEY} if self.served().request_id else {}
        plans: list[Response | Drop] = [
            Response(self.served().fault(f"Incorrect key: {KEY}", ""), 401, id_header),
            Response(f"Authorization: Bearer {KEY}", 400),
            Response(KEY * 3, 500),
            Response(KEY),
            Drop(),
        ]
        texts = []
        for plan in plans:
            error: BaseException | None = self.ask(plan).error
            while error is not None:
                texts.append(f"{error!r} {error} {getattr(error, 'hint', '')}")
                texts.append(str(getattr(error, "request_id", "")))
                error = error.__cause__ or (
                    None if error.__suppress_context__ else error.__context__
                )
        return texts
