"""What the claude client sends where a request is out of the ordinary."""

import pytest

from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import ServiceError


@pytest.fixture
def ask(exchange, services):
    """Asks once; gives the headers and the body that were sent."""

    def run(params, messages=None, schema=None, **options):
        messages = messages or (Message("user", "Name a river."),)
        request = ChatRequest(messages, params, schema, "r")
        return exchange(services["claude"], request, **options)[2:]

    return run


def test_a_temperature_is_sent_in_the_last_version_that_has_it(ask):
    headers, body = ask({"max_tokens": 5, "temperature": 0.5})
    assert body["temperature"] == 0.5
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["x-api-key"] == "k-123"
    assert "authorization" not in headers


def test_system_messages_become_one_field_wherever_they_stand(ask):
    talk = (Message("user", "a"), Message("system", "x"), Message("user", "b\ud800"))
    _, body = ask({"max_tokens": 5}, (Message("system", "y"), *talk))
    assert body["system"] == "y\n\nx"
    assert [m["content"] for m in body["messages"]] == ["a", "b?"]


def test_a_parameter_that_the_api_has_not_is_told_before_anything_is_sent(ask):
    with pytest.raises(ServiceError, match="not support the parameter 'seed'") as caught:
        ask({"max_tokens": 5, "seed": 3})
    assert "remove -o seed=" in caught.value.hint
