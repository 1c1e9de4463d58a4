"""Ollama's own API, as its documentation has it."""

import pytest

from targen_backends.llama.backend import LlamaOptions, create
from targen_backends.llama.ollama import OllamaModel

SCHEMA = {"type": "object", "properties": {"km": {"type": "integer", "default": 1}}}


@pytest.fixture
def ask(exchange, services, request_of):
    """Asks once; gives the reply, the path and the body that were sent."""

    def run(answer=None, schema=None, params=None, **options):
        request = request_of(schema=schema, **(params or {}))
        reply, path, _, body = exchange(services["ollama"], request, answer, **options)
        return reply, path, body

    return run


def test_the_request(ask):
    params = {"temperature": 0.5, "top_p": None, "stop": "\n", "reasoning_effort": "none"}
    extra = {"options": {"num_ctx": 8192}, "keep_alive": "1h"}
    _, path, body = ask(schema=SCHEMA, params=params, extra=extra)
    assert path == "/api/chat"
    assert body == {
        "model": "tiny",
        "stream": False,
        "keep_alive": "1h",
        "messages": [
            {"role": "system", "content": "You answer briefly."},
            {"role": "user", "content": "Name a river."},
        ],
        "options": {
            "num_ctx": 8192,
            "num_predict": 40,
            "seed": 7,
            "temperature": 0.5,
            "stop": ["\n"],
        },
        "think": False,
        "format": {
            "type": "object",
            "properties": {"km": {"type": "integer"}},
            "required": ["km"],
            "additionalProperties": False,
        },
    }


@pytest.mark.parametrize(("mode", "sent"), [("json_object", "json"), ("none", None)])
def test_a_schema_may_be_asked_for_less_strictly(ask, mode, sent):
    assert ask(schema=SCHEMA, structured=mode)[2].get("format") == sent


def test_the_reply(ask):
    reply, _, _ = ask()
    assert (reply.text, reply.finish, reply.input_tokens, reply.output_tokens) == (
        "Volga",
        "stop",
        11,
        3,
    )
    cut, _, _ = ask({"message": {"content": "<think>hm</think> Vol"}, "done_reason": "length"})
    assert (cut.text, cut.finish, cut.input_tokens) == ("Vol", "length", 8)  # counts are estimated


@pytest.mark.parametrize(
    "address", ["http://h:1", "http://h:1/v1", "http://h:1/api/chat", "http://h:1/v1/"]
)
def test_the_option_picks_it_whatever_the_form_of_the_address(address):
    model = create(LlamaOptions(model="m", api="ollama", base_url=address))
    assert isinstance(model, OllamaModel)
    assert model._poster.url == "http://h:1/api/chat"
    assert model.identity == "ollama:http://h:1:m:json_schema"
