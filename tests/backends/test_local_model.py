"""The embedded model itself: the real one, small as it is."""

import json

import pytest

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
