"""What a service says that is neither a reply nor a passing failure."""

from __future__ import annotations

import pytest

from targen_core import ChatReply, Price, Rejected
from targen_core.errors import ServiceError

CACHED = Price(10.0, 20.0, cache_read=1.0, cache_write=12.5)


@pytest.mark.parametrize("billed", [False, True])
def test_a_content_filter_rejects_the_candidate_and_not_the_run(
    lab, desk, drive, read_journal, billed
):
    def reply(request):
        if "bad" in request.messages[0].content:
            raise ServiceError(
                "HTTP 400: the policy says no", billed=billed, cause="content-filter"
            )
        return "good"

    one = desk(lab.ToyModel(reply))
    with pytest.raises(Rejected, match="the policy says no") as caught:
        drive(one.ask("bad"))
    assert caught.value.reason == "content-filter"
    paid = one.model.count_tokens(one.model.requests[0]) if billed else 0
    assert one.usage.total.input_tokens == paid == one.usage.tokens
    assert drive(one.ask("fine", place="p/1")) == "good"
    assert len(one.model.asked) == 2  # nothing was asked twice
    record = read_journal()[0]
    assert (record["finish"], record["in"], record["out"]) == ("content-filter", paid, 0)
    again = desk(lab.ToyModel(lambda request: "good"))
    with pytest.raises(Rejected) as caught:
        drive(again.ask("bad"))  # what the filter said is remembered
    assert caught.value.reason == "content-filter"
    assert again.model.asked == []


@pytest.mark.parametrize("text", ["y" * (5 << 20), "\x01" * (1 << 20), "\U0001f600" * (2 << 20)])
def test_a_reply_too_long_for_the_journal_is_asked_for_again(lab, desk, drive, read_journal, text):
    replies = iter(["good", text])
    one = desk(lab.ToyModel(lambda request: next(replies, "short")))
    assert drive(one.ask()) == "good"
    assert drive(one.ask(place="p/1")) == "short"
    assert [record.get("text") for record in read_journal()] == ["good", None, "short"]
    assert one.usage.total.output_tokens > 50  # what it may have cost is counted


def test_input_from_the_services_cache_is_priced_and_told(lab, desk, drive, read_journal):
    def reply(request):
        counts = {"cache_read_tokens": 600, "cache_write_tokens": 300, "reasoning_tokens": 80}
        return ChatReply("x", "stop", 1000, 100, **counts)

    one = desk(lab.ToyModel(reply), price=CACHED)
    drive(one.ask())
    total = one.usage.total
    counted = total.cache_read_tokens, total.cache_write_tokens, total.reasoning_tokens
    assert counted == (600, 300, 80)
    paid = (100 * 10.0 + 600 * 1.0 + 300 * 12.5 + 100 * 20.0) / 1e6
    assert total.dollars == pytest.approx(paid) == one.usage.dollars
    record = read_journal()[0]
    assert (record["cache_read"], record["cache_write"], record["reasoning"]) == (600, 300, 80)
    again = desk(lab.ToyModel(reply), price=CACHED)
    assert again.usage.total == total  # a function of the journal alone
