"""What a service says that is neither a reply nor a passing failure."""

from __future__ import annotations

import pytest

from targen_core import ChatReply, Price, Rejected
from targen_core.calls.error_patterns import (
    filtered,
    no_credit,
    scrub,
    too_long,
)
from targen_core.errors import (
    BudgetExhausted,
    ContentFiltered,
    CreditExhausted,
    Overloaded,
    PermissionDenied,
)

CACHED = Price(10.0, 20.0, cache_read=1.0, cache_write=12.5)


def test_a_content_filter_rejects_the_candidate_and_not_the_run(lab, desk, drive, read_journal):
    def reply(request):
        if "bad" in request.messages[0].content:
            raise ContentFiltered("HTTP 400: the policy says no")
        return "good"

    one = desk(lab.ToyModel(reply))
    with pytest.raises(Rejected, match="the policy says no") as caught:
        drive(one.ask("bad"))
    assert caught.value.reason == "content-filter"
    assert drive(one.ask("fine", place="p/1")) == "good"
    assert len(one.model.asked) == 2  # nothing was asked twice
    record = read_journal()[0]
    assert (record["finish"], record["in"], record["out"]) == ("content-filter", 0, 0)


def test_what_the_filter_said_is_remembered(lab, desk, drive):
    def reply(request):
        raise ContentFiltered("no")

    one = desk(lab.ToyModel(reply))
    with pytest.raises(Rejected):
        drive(one.ask())
    two = desk(lab.ToyModel(lambda request: "good"))
    with pytest.raises(Rejected) as caught:
        drive(two.ask())
    assert caught.value.reason == "content-filter"
    assert two.model.asked == []


def test_a_filter_that_bills_the_prompt_is_counted(lab, desk, drive):
    def reply(request):
        raise ContentFiltered("no", billed=True)

    model = lab.ToyModel(reply)
    one = desk(model)
    with pytest.raises(Rejected):
        drive(one.ask())
    bound = model.count_tokens(model.requests[0])
    assert one.usage.total.input_tokens == bound == one.budget.tokens


def test_a_filtered_reply_is_rejected_too(lab, desk, drive):
    one = desk(lab.ToyModel(lambda request: ChatReply("half", "content-filter", 3, 3)))
    with pytest.raises(Rejected) as caught:
        drive(one.ask())
    assert caught.value.reason == "content-filter"


@pytest.mark.parametrize("kind", [CreditExhausted, PermissionDenied])
def test_what_waiting_does_not_help_stops_at_once(lab, desk, drive, kind):
    def reply(request):
        raise kind("no", hint="pay")

    one = desk(lab.ToyModel(reply))
    with pytest.raises(kind):
        drive(one.ask())
    assert len(one.model.asked) == 1
    assert one.layer.retries == 0


def test_an_overloaded_service_is_asked_more_slowly(lab, desk, drive):
    def hook(number, request):
        if number <= 8:
            raise Overloaded("busy", retry_after=5.0)

    one = desk(lab.ToyModel(lambda request: "x", hook=hook), concurrency=8)
    assert drive(one.many(20)) == ["x"] * 20
    assert one.limiter.refused == 8


def test_input_from_the_services_cache_is_priced_and_told(lab, desk, drive, read_journal):
    def reply(request):
        return ChatReply(
            "x",
            "stop",
            1000,
            100,
            cache_read_tokens=600,
            cache_write_tokens=300,
            reasoning_tokens=80,
        )

    one = desk(lab.ToyModel(reply), price=CACHED)
    drive(one.ask())
    total = one.usage.total
    assert (total.cache_read_tokens, total.cache_write_tokens, total.reasoning_tokens) == (
        600,
        300,
        80,
    )
    paid = (100 * 10.0 + 600 * 1.0 + 300 * 12.5 + 100 * 20.0) / 1e6
    assert total.dollars == pytest.approx(paid) == one.budget.dollars
    record = read_journal()[0]
    assert (record["cache_read"], record["cache_write"], record["reasoning"]) == (600, 300, 80)
    again = desk(lab.ToyModel(reply), price=CACHED)
    assert again.usage.total == total  # a function of the journal alone


def test_a_cap_reckons_with_the_dearest_input(lab, desk, drive):
    """All input may be written to the service's cache, at more than the plain price."""
    model = lab.ToyModel(lambda request: ChatReply("x", "stop", 1, 1))
    drive(desk(model, price=CACHED).ask())
    tokens = model.count_tokens(model.requests[0])
    need = (tokens * 12.5 + 50 * 20.0) / 1e6
    with pytest.raises(BudgetExhausted):
        drive(desk(model, price=CACHED, max_cost=need - 1e-7).ask(place="p/1"))
    assert drive(desk(model, price=CACHED, max_cost=need + 1e-3).ask(place="p/1")) == "x"


def test_a_price_without_details_is_the_plain_one():
    price = Price(1.0, 2.0)
    assert (
        price.dollars(10, 5, cache_read=5, cache_write=5)
        == price.dollars(10, 5)
        == price.max_dollars(10, 5)
    )


def test_a_long_prompt_costs_what_the_rule_says():
    price = Price(1.0, 2.0, long_from=100, long_input=2.0, long_output=1.5)
    assert price.dollars(100, 10) == pytest.approx(120e-6)
    assert price.dollars(101, 10) == pytest.approx((202 + 30) * 1e-6)


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        ("This model's maximum context length is 8192 tokens", too_long),
        ("prompt is too long: 9 tokens > 8 maximum", too_long),
        (
            "request (9 tokens) exceeds the available context size (8 tokens)",
            too_long,
        ),
        ("Your credit balance is too low to access the API", no_credit),
        ("You have reached your specified API usage limits.", no_credit),
        ("triggering Azure OpenAI's content management policy", filtered),
    ],
)
def test_each_pattern_is_seen_and_no_other(words, pattern):
    assert [s for s in (too_long, no_credit, filtered) if s(words)] == [pattern]


def test_a_rate_that_some_call_a_quota_is_no_lack_of_credit():
    assert not no_credit("You exceeded your current quota. Please retry in 13 s.")


def test_keys_are_scrubbed():
    text = "key my-own-key, sk-abcdef123456, sk-ant-api03-x_y, sk-ab***z9, Bearer abc"
    assert scrub(text, "my-own-key") == "key ***, ***, ***, ***, Bearer ***"
