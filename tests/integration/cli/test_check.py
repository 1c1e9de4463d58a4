"""`targen check` against services that do different things."""

import json

import pytest

from targen_testing.fault_server import FaultServer, Response

JSON = '{"river": "Volga"}'


def service(*, enforced=True, refused=False, reasoning="", usage=True, headers=None):
    """A service in OpenAI's form; it follows the question unless it enforces a schema."""

    def answer(seen):
        form = seen.body.get("response_format", {}).get("type")
        if refused and form == "json_schema":
            words = "response_format json_schema is not supported"
            return Response({"error": {"message": words}}, 400)
        is_asked = "as a JSON object" in seen.body["messages"][-1]["content"]
        message = {"content": JSON if is_asked or (form and enforced) else "Volga"}
        if reasoning == "text":
            message["content"] = f"<think>hm</think>\n{message['content']}"
        elif reasoning:
            message[reasoning] = "hm"
        body = {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
        counts = {"prompt_tokens": 20, "completion_tokens": 7}
        return Response(body | ({"usage": counts} if usage else {}), headers=headers or {})

    return answer


@pytest.fixture
def report(targen):
    """Checks a service; returns what `--json` prints."""

    def run(plan, words=""):
        with FaultServer(plan) as server:
            done = targen(f"check llama/m --base-url {server.url}/v1 --json {words}")
            assert len(server.seen) <= 4
        assert done.code == 0, done.err
        return json.loads(done.out)

    return run


def test_a_schema_is_enforced_ignored_or_refused(report):
    good = report(service())
    assert (good["structured"], good["fits"], good["options"]) == ("enforced", True, [])
    ignored = report(service(enforced=False))
    assert (ignored["structured"], ignored["options"]) == ("ignored", ["structured=none"])
    refused = report(service(refused=True))
    assert (refused["structured"], refused["options"]) == ("refused", ["structured=json_object"])
    assert refused["fits"]
    asked = report(service(enforced=False), "-o structured=none")
    assert (asked["structured"], asked["options"]) == ("unsupported", [])


@pytest.mark.parametrize(
    ("where", "words"),
    [("", ""), ("text", "within the text"), ("reasoning_content", "field reasoning_content")],
)
def test_reasoning_is_found_where_it_is(report, where, words):
    assert words in report(service(reasoning=where))["reasoning"]
    assert bool(report(service(reasoning=where))["reasoning"]) == bool(words)


def test_usage_limits_and_price(report):
    limits = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499"}
    full = report(service(headers=limits), "--price-in 1 --price-out 2")
    assert (full["usage_reported"], full["input_tokens"], full["output_tokens"]) == (True, 60, 21)
    assert full["limits"] == {"requests in all": 500, "requests left": 499}
    assert full["dollars"] == pytest.approx((60 + 2 * 21) / 1e6)
    bare = report(service(usage=False))
    assert not bare["usage_reported"] and bare["limits"] == {} and bare["price"] is None


def test_people_get_options_to_paste(targen):
    with FaultServer(service(enforced=False)) as server:
        address = f"--base-url {server.url}/v1"
        done = targen(f"check llama/m {address}")
    assert f"-b llama/m {address} -o structured=none" in done.out
