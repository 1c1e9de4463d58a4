"""The embedded model itself: the real one, small as it is."""

import asyncio
import json

import pytest

from targen_backends.local.backend import DEFAULT_IDENTITY, LocalOptions, create
from targen_backends.local.engine import LocalModel, _failure
from targen_backends.local.langchain import ChatLocal
from targen_core.calls.model import ChatModel, Price
from targen_core.errors import ServiceError

from .providers import together

TOPIC = {"type": "string", "minLength": 3, "maxLength": 9}
SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"enum": ["entailment", "not_entailment"]},
        "topics": {"type": "array", "items": TOPIC, "minItems": 2, "maxItems": 2},
    },
    "required": ["label", "topics"],
}


def test_it_is_a_free_chat_model(local_model):
    assert isinstance(local_model, ChatModel)
    assert (local_model.price, local_model.max_concurrency) == (Price(0, 0), 2)
    assert local_model.structured and local_model.seeded
    assert local_model.identity == "local:SmolLM2-135M-Instruct.Q4_1.gguf:747cb1f01955"


def test_a_reply_obeys_its_schema(local_model, request_of):
    [reply] = together(local_model, request_of("Label a pair.", SCHEMA, max_tokens=60))
    value = json.loads(reply.text)
    assert value["label"] in ("entailment", "not_entailment")
    assert [3 <= len(topic) <= 9 for topic in value["topics"]] == [True, True]
    assert reply.finish == "stop"
    assert 20 < reply.input_tokens <= local_model.count_tokens(request_of("Label a pair.", SCHEMA))
    assert reply.output_tokens > 5


def test_a_reply_depends_on_its_request_alone(local_model, request_of):
    # Two prompt heads are kept; the third of these evicts one of the others.
    requests = [
        request_of(f"Name {i} rivers.", schema, seed=i, temperature=0.9, max_tokens=10)
        for i, schema in enumerate((SCHEMA, None, None))
    ]
    alone = [together(local_model, request)[0] for request in requests]
    other = request_of("Tell me of Rome.", max_tokens=2)
    longer = [type(other)(other.messages * n, other.params) for n in (1, 2, 3)]
    mixed = together(local_model, *longer, *reversed(requests), *longer)
    assert mixed[5:2:-1] == alone
    assert len({reply.text for reply in alone}) > 1


def test_a_prompt_beyond_the_context(local_model, request_of):
    with pytest.raises(ServiceError, match="context size") as caught:
        together(local_model, request_of("word " * 2000))
    assert "n_ctx" in caught.value.hint
    assert together(local_model, request_of())[0].text  # and the next call works


def test_a_bad_parameter_is_a_bad_request(local_model, request_of):
    with pytest.raises(ServiceError, match="temperature"):
        together(local_model, request_of(temperature="hot"))
    with pytest.raises(ServiceError, match="rejected the request"):
        together(local_model, request_of(schema={"type": "nonsense"}))


def test_a_closed_model_is_loaded_again(local_model, request_of):
    before = together(local_model, request_of())[0].text
    asyncio.run(local_model.aclose())
    assert together(local_model, request_of())[0].text == before


def test_a_file_that_does_not_load(tmp_path, request_of):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    model = LocalModel(broken)
    with pytest.raises(ServiceError, match="cannot load") as caught:
        together(model, request_of())
    assert "verbose" in caught.value.hint
    asyncio.run(model.aclose())


@pytest.mark.parametrize(
    ("fault", "cause"),
    [({"code": 503}, "overloaded"), ({"code": 400}, "bad-request"), ({}, "server-error")],
)
def test_errors_of_the_server_inside(fault, cause):
    assert _failure({"message": "no", **fault}).cause == cause


def test_nothing_is_fetched_before_the_first_call(tmp_path, monkeypatch):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path))
    model = create(LocalOptions())
    assert model.identity == DEFAULT_IDENTITY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("cpus", "calls"), [("1", [1]), ("64", [4]), ("default", [1, 2, 3, 4])])
def test_calls_at_once_keep_to_a_share_of_the_machine(cpus, calls, monkeypatch):
    monkeypatch.setenv("PYTHON_CPU_COUNT", cpus)
    assert LocalOptions().parallel in calls


def test_as_a_langchain_model_it_is_the_same():
    chat = ChatLocal(params={"max_tokens": 5}, parallel=1, n_ctx=512, kept_prompts=1)
    assert chat._identifying_params["model"].startswith("local:SmolLM2-135M")
    chat.close()
