"""A langchain model whose client works only in the event loop of its first call."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

import targen_core as tg
from targen_core import errors
from targen_core.api.generating import agenerate
from targen_core.api.run import Run
from targen_standard.langchain.loop import submit
from targen_standard.revising.api import revise
from targen_standard.task_files.model import Declaration
from targen_testing.fault_server import FaultServer, Response, Seen

from ..answers import in_words

httpx = pytest.importorskip("httpx", reason="langchain's own clients are made of httpx")

LABELS = {"order": "The customer asks where an order is.", "refund": "The customer wants money."}
MAIL: dict[str, Any] = {
    "name": "mail",
    "description": "E-mails to a shop.",
    "labels": LABELS,
    "contexts": "occasions",  # one row per call, as the service answers
}


def service(seen: Seen) -> Response:
    """Answer each step of the task; a model of another name does not exist."""
    if seen.body["model"] != "large":
        return Response({"error": f"no model {seen.body['model']}"}, 404)
    return Response(in_words(seen.body["text"]))


class Chat(FakeListChatModel):
    """A class that shares one client between its objects, as `ChatOpenAI` does."""

    clients: ClassVar[dict[str, Any]] = {}
    responses: list[str] = Field(default_factory=list)
    url: str
    model: str = "large"

    async def _agenerate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        # On a busy machine, a connection of one loop would expire before another loop uses it.
        forever = httpx.Limits(keepalive_expiry=None)
        client = self.clients.setdefault(
            self.url, httpx.AsyncClient(trust_env=False, limits=forever)
        )
        asked = "\n".join(str(message.content) for message in messages)
        reply = await client.post(self.url, json={"model": self.model, "text": asked})
        reply.raise_for_status()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=reply.text))])


@pytest.fixture
def url(alone):
    with FaultServer(service) as server:
        yield server.url
        if client := Chat.clients.pop(server.url, None):
            submit(client.aclose()).result()


def make(url: str, out: str, **options: Any) -> Run:
    return tg.generate(
        Declaration(**MAIL), n=2, model=Chat(url=url, **options), out=out, progress=False
    )


def test_one_client_serves_all_calls_of_a_process(url):
    """Of ordinary code, of several loops, and of a new model."""
    task, model = Declaration(**MAIL), Chat(url=url)
    assert make(url, "a").report.complete
    assert make(url, "b").report.complete

    async def cell() -> Run:
        assert make(url, "c").report.complete
        return await agenerate(task, n=2, model=model, out="d", progress=False)

    for _ in range(2):
        assert asyncio.run(cell()).report.complete
    changed = Declaration(**{**MAIL, "labels": {**LABELS, "order": "It asks for an order."}})
    assert revise("d", changed, model=model, progress=False).report.complete
    with pytest.raises(tg.TargenError, match="404"):
        make(url, "e", model="lagre")


class AsyncOnly(Chat):
    """The same, without an answer for ordinary code."""

    clients: ClassVar[dict[str, Any]] = {}
    loops: ClassVar[dict[str, asyncio.AbstractEventLoop]] = {}

    async def _agenerate(self, *args: Any, **keywords: Any) -> ChatResult:
        here = asyncio.get_running_loop()
        # As asyncio's locks do. Httpx only notices if the reply has not arrived yet.
        if self.loops.setdefault(self.url, here) is not here:
            raise RuntimeError("its connection is bound to a different event loop")
        return await super()._agenerate(*args, **keywords)

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError


def test_a_client_of_another_loop_without_an_answer_for_ordinary_code(url):
    model, task = AsyncOnly(url=url), Declaration(**MAIL)

    async def cell() -> None:
        await model.ainvoke("List 3 contexts")
        try:
            await agenerate(task, n=2, model=model, out="only", progress=False)
        finally:
            await AsyncOnly.clients.pop(url).aclose()

    with pytest.raises(tg.TargenError, match="AsyncOnly was already used in") as raised:
        asyncio.run(cell())
    assert "a new object with its own client" in str(raised.value.hint)


def test_a_class_that_would_end_the_program_fails(url):
    """And the next call is answered."""

    class Exits(Chat):
        async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
            raise SystemExit(3)

    with pytest.raises(errors.PluginError, match="SystemExit: 3"):
        tg.generate(Declaration(**MAIL), n=2, model=Exits(url=url), out="x", progress=False)
    assert make(url, "y").report.complete
