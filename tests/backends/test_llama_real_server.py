"""The llama client against another project's server: llama.cpp's own, over HTTP."""

import json

import pytest

from targen_backends.llama.client import LlamaModel
from targen_backends.local.weights import find_weights
from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import ServiceError
from targen_testing.exchange import answered

xllamacpp = pytest.importorskip("xllamacpp")

SCHEMA = {
    "type": "object",
    "properties": {"river": {"type": "string"}, "long": {"type": "boolean"}},
    "required": ["river", "long"],
}


@pytest.fixture(scope="module")
def address(cache):
    """The base address of a llama.cpp server with the default model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TARGEN_CACHE_DIR", str(cache))
        params = xllamacpp.CommonParams()
        params.model.path = str(find_weights("smollm2-135m"))
    params.n_ctx = 512
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.verbosity = -1
    params.api_keys = ["k-123"]
    server = xllamacpp.Server(params)
    listening = server.listening_address
    yield f"{listening if '://' in listening else 'http://' + listening}/v1"
    del server  # it lives as long as its object


def ask(address, text="Name a river.", schema=SCHEMA, key="k-123"):
    request = ChatRequest(
        (Message("user", text),), {"max_tokens": 40, "seed": 7, "temperature": 0.0}, schema, "r"
    )

    return answered(LlamaModel(address, "smollm2", api_key=key, timeout=60), request)


def test_it_answers_along_the_schema(address):
    reply = ask(address)
    assert reply.finish in ("stop", "length")
    assert reply.input_tokens > 5 and reply.output_tokens > 2
    if reply.finish == "stop":
        assert set(json.loads(reply.text)) == {"river", "long"}
    assert reply.text.startswith("{")


def test_it_knows_a_wrong_key(address):
    with pytest.raises(ServiceError, match="HTTP 401"):
        ask(address, key="wrong")


def test_it_says_that_a_prompt_is_too_long(address):
    with pytest.raises(ServiceError):
        ask(address, "river " * 2000)
