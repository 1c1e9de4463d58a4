"""What the llama clients send, and how they read what comes back."""

import asyncio

import pytest

from targen_backends.llama.client import LlamaModel
from targen_backends.schema import strict_schema
from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

TURNS = [
    {"role": "system", "content": "You answer briefly."},
    {"role": "user", "content": "Name a river."},
]
SCHEMA = {
    "type": "object",
    "properties": {"river": {"type": "string", "default": "Ob"}, "km": {"type": "integer"}},
    "required": ["km"],
}


@pytest.fixture
def ask(exchange, services, request_of):
    """Asks once, without a key; gives the reply, and the headers and the body that were sent."""

    def run(answer=None, request=None, **options):
        llama, answer = services["llama"], answer or chat()
        reply, _, *sent = exchange(llama, request or request_of(), answer, api_key="", **options)
        return reply, *sent

    return run


def chat(content="Volga", finish="stop", **more):
    """An answer."""
    body = OPENAI.answer(content, finish)
    body["choices"][0]["message"] |= more
    return body


def test_the_request_has_model_messages_and_parameters(ask, request_of):
    request = request_of(temperature=0.5, top_p=None, seed=2**40 + 5)
    _, headers, body = ask(request=request, extra={"top_k": 3})
    sent = {"model": "tiny", "top_k": 3, "max_tokens": 40, "seed": 5, "temperature": 0.5}
    assert body == sent | {"messages": TURNS}
    assert "authorization" not in headers
    assert headers["content-type"] == "application/json"


OLLAMA = {"num_ctx": 8192, "num_predict": 40, "seed": 7, "temperature": 0.5, "stop": ["\n"]}


def test_a_request_in_ollamas_own_api(exchange, services, request_of):
    params = {"temperature": 0.5, "top_p": None, "stop": "\n", "reasoning_effort": "none"}
    extra = {"options": {"num_ctx": 8192}, "keep_alive": "1h"}
    request = request_of(schema=SCHEMA, **params)
    _, path, _, body = exchange(services["ollama"], request, extra=extra)
    assert path == "/api/chat"
    sent = {"model": "tiny", "stream": False, "keep_alive": "1h", "think": False}
    sent |= {"messages": TURNS, "options": OLLAMA, "format": strict_schema(SCHEMA)}
    assert body == sent


def test_a_reply_in_ollamas_own_api(exchange, services, request_of):
    reply, *_ = exchange(services["ollama"], request_of())
    assert (reply.text, reply.finish) == ("Volga", "stop")
    assert (reply.input_tokens, reply.output_tokens) == (11, 3)
    answer = {"message": {"content": "<think>hm</think> Vol"}, "done_reason": "length"}
    cut, *_ = exchange(services["ollama"], request_of(), answer)
    assert (cut.text, cut.finish, cut.input_tokens) == ("Vol", "length", 8)  # counts are estimated


@pytest.mark.parametrize(
    ("name", "mode", "field", "sent"),
    [
        ("llama", "json_object", "response_format", {"type": "json_object"}),
        ("llama", "none", "response_format", None),
        ("ollama", "json_object", "format", "json"),
        ("ollama", "none", "format", None),
    ],
)
def test_a_schema_may_be_asked_for_less_strictly(
    exchange, services, request_of, name, mode, field, sent
):
    *_, body = exchange(services[name], request_of(schema=SCHEMA), structured=mode)
    assert body.get(field) == sent
    assert not services[name].make("http://h/v1", "m", structured=mode).structured


HARMONY = (
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final "
    "<|constrain|>json<|message|>Volga<|return|>"
)


@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [
        (chat(finish="tool_calls"), "Volga", "stop"),
        (chat(None), "", "stop"),
        (chat("<think>\nhm </think>\n\nVolga"), "Volga", "stop"),
        (chat("<think> hm", "length"), "", "length"),
        (chat("<thinking>hm</thinking>\n\nVolga"), "Volga", "stop"),
        (chat('hm {"km": 0}\n</think>\n\n{"km": 3}'), '{"km": 3}', "stop"),
        (chat('hm</think>{"km": 3}'), '{"km": 3}', "stop"),
        (chat('{"river": "a </think> b"}'), '{"river": "a </think> b"}', "stop"),
        (chat("Write <think> and </think> around it."), None, "stop"),
        (chat(HARMONY), "Volga", "stop"),
        (chat("<|channel|>analysis<|message|>hm", "length"), "", "length"),
        (chat("Volga", reasoning_content="hm"), "Volga", "stop"),
        (chat(None, "length", reasoning="hm"), "", "length"),  # as vLLM 0.32 names it
        (chat([{"type": "thinking"}, {"type": "text", "text": "Volga"}]), "Volga", "stop"),
    ],
)
def test_text_and_finish_of_unusual_answers(ask, answer, text, finish):
    """Beside those of OpenAI's own service: see test_contracts."""
    reply, *_ = ask(answer)
    whole = answer["choices"][0]["message"]["content"]
    assert (reply.text, reply.finish) == (whole if text is None else text, finish)


class Counting(FaultServer):
    """Counts the connections that were opened."""

    opened = 0

    def connected(self, by):
        self.opened += by > 0
        super().connected(by)


def test_connections_are_shared_by_a_loop_and_closed_by_aclose_or_with_the_loop(request_of):
    """A program's own model stays open, but `generate` has a loop for each call."""

    async def four_calls(model):
        for _ in range(3):
            await model.complete(request_of())
        await model.aclose()
        await model.complete(request_of())  # opens another connection

    with Counting(Response(chat())) as server:
        model = LlamaModel(f"{server.url}/v1", "m")
        asyncio.run(four_calls(model))
        assert server.wait_closed()
        assert server.opened == 2
        asyncio.run(model.complete(request_of()))
        assert server.wait_closed()
        assert server.opened == 3
