"""What the llama client sends, and how it reads what comes back."""

import asyncio

import pytest
from aiohttp import web

from targen_backends.completions import is_another
from targen_backends.llama.client import LlamaModel

from .providers import serving

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


def chat(content="Volga", finish="stop", usage=True, **more):
    """An answer."""
    message = {"role": "assistant", "content": content, **more}
    body = {"choices": [{"message": message, "finish_reason": finish}]}
    if usage:
        body["usage"] = {"prompt_tokens": 11, "completion_tokens": 3}
    return body


def test_the_request_has_model_messages_and_parameters(ask, request_of):
    request = request_of(temperature=0.5, top_p=None, seed=2**40 + 5)
    _, headers, body = ask(request=request, extra={"top_k": 3})
    assert body == {
        "model": "tiny",
        "top_k": 3,
        "messages": [
            {"role": "system", "content": "You answer briefly."},
            {"role": "user", "content": "Name a river."},
        ],
        "max_tokens": 40,
        "seed": 5,
        "temperature": 0.5,
    }
    assert "Authorization" not in headers
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("mode", "sent"), [("json_object", {"type": "json_object"}), ("none", None)]
)
def test_a_schema_may_be_asked_for_less_strictly(ask, request_of, mode, sent):
    _, _, body = ask(request=request_of(schema=SCHEMA), structured=mode)
    assert body.get("response_format") == sent
    assert not LlamaModel("http://h/v1", "m", structured=mode).structured


@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [
        (chat(finish="tool_calls"), "Volga", "other"),
        (chat(None), "", "stop"),
        (chat("<think>\nhm </think>\n\nVolga"), "Volga", "stop"),
        (chat("<think> hm", "length"), "", "length"),
        (chat("<thinking>hm</thinking>\n\nVolga"), "Volga", "stop"),
        (chat('hm {"km": 0}\n</think>\n\n{"km": 3}'), '{"km": 3}', "stop"),
        (chat('hm</think>{"km": 3}'), '{"km": 3}', "stop"),
        (chat('{"river": "a </think> b"}'), '{"river": "a </think> b"}', "stop"),
        (chat("Write <think> and </think> around it."), None, "stop"),
        (
            chat(
                "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final "
                "<|constrain|>json<|message|>Volga<|return|>"
            ),
            "Volga",
            "stop",
        ),
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


@pytest.mark.parametrize(("content", "finish"), [('{"km": 3}', "stop"), ('{"km": 3', "length")])
def test_a_whole_object_was_not_cut(ask, request_of, content, finish):
    reply, *_ = ask(chat(content, "length"), request_of(schema=SCHEMA))
    assert reply.finish == finish
    reply, *_ = ask(chat(content, "length"))
    assert reply.finish == "length", "a text may go on"


@pytest.mark.parametrize(
    ("requested", "served", "other"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", False),
        ("gpt-4o", "openai/gpt-4o", False),
        ("meta-llama/Llama-3-8B", "llama-3-8b:latest", False),
        ("gpt-4", "gpt-4.1", True),
        ("claude-3", "claude-3-5", True),
        ("gpt-4o", "gpt-4o-mini", True),
        ("tiny", "", False),
        ("tiny", "cheap-7b", True),
    ],
)
def test_a_model_that_was_not_requested_is_told(ask, requested, served, other):
    reply, *_ = ask({**chat(), "model": served})
    assert reply.is_other is is_another(served, "tiny")
    assert is_another(served, requested) is other


def test_of_several_choices_the_one_with_index_0_counts(ask):
    answer = chat()
    answer["choices"] = [
        {"index": 1, "message": {"content": "Ob"}, "finish_reason": "stop"},
        {"index": 0, **answer["choices"][0]},
    ]
    assert ask(answer)[0].text == "Volga"


def test_absent_usage_is_estimated_at_four_bytes_a_token(ask):
    reply, *_ = ask(chat("Wołga", usage=False))
    assert (reply.input_tokens, reply.output_tokens) == (8, 2)  # 32 and 6 bytes


def test_connections_are_kept_and_shared_by_a_loop(request_of):
    ports = set()

    async def handler(request):
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.json_response({"choices": [{"message": {"content": "x"}}]})

    async def main():
        async with serving(handler) as address:
            model = LlamaModel(address, "m")
            for _ in range(3):
                await model.complete(request_of())
            await model.aclose()
            await model.complete(request_of())  # opens another connection
            await model.aclose()

    asyncio.run(main())
    assert len(ports) == 2


def test_a_loop_that_ends_closes_its_connections(request_of):
    """A program's own model stays open, but `generate` has a loop for each call."""
    open_ones = set()

    async def handler(request):
        open_ones.add(request.transport)
        return web.json_response({"choices": [{"message": {"content": "x"}}]})

    async def main():
        async with serving(handler) as address:
            model = LlamaModel(address, "m")
            for _ in range(2):
                await asyncio.to_thread(asyncio.run, model.complete(request_of()))
            async with asyncio.timeout(60):
                while not all(each.is_closing() for each in open_ones):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    asyncio.run(main())
    assert len(open_ones) == 2
