"""Retry: what is tried again, when, and what nobody holds while it waits."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from targen_core.errors import JobFailed, PluginError, Rejected, ServiceError


def now():
    return asyncio.get_running_loop().time()


def failing(times, error, only=""):
    """A hook that fails the first `times` calls, or such of one text, and notes when they come."""
    at = []

    def hook(number, request):
        if only not in ("", request.messages[0].content):
            return
        at.append(now())
        if len(at) <= times:
            raise error()

    return hook, at


EVER = 10**9


def test_retry_after_holds_back_the_other_calls_too(lab, desk, drive):
    hook, at = failing(1, lambda: ServiceError("slow down", retry_after=30.0, cause="rate-limit"))
    one = desk(lab.ToyModel(lambda request: "x", hook=hook), concurrency=1)
    assert drive(one.many(5)) == ["x"] * 5
    assert all(later - at[0] >= 30.0 - 1e-6 for later in at[1:])


@pytest.mark.parametrize("says", [None, 0.001])  # a wait that is too short is not believed
def test_back_off_doubles_with_jitter_and_has_a_ceiling(lab, desk, drive, says):
    hook, at = failing(9, lambda: ServiceError("down", retry_after=says))
    one = desk(lab.ToyModel(lambda request: "x", hook=hook), max_outage=10_000)
    assert drive(one.ask()) == "x"
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    for number, wait in enumerate(waits):
        ceiling = min(60.0, 0.5 * 2.0**number)
        assert ceiling / 2 - 1e-6 <= wait <= ceiling + 1e-6
    assert one.layer.retries == 9


async def cursed_beside(one, count, every):
    """A question that is asked beside others, one of which comes every so many seconds."""
    cursed = asyncio.ensure_future(one.ask("cursed", place="c"))
    for number in range(count):
        await asyncio.sleep(every)
        assert await one.ask(f"fine {number}", place=f"f/{number}") == "x"
    return await cursed


@pytest.mark.parametrize("concurrency", [1, 4, 64])
@pytest.mark.parametrize("most", [12.0, 600.0])
@pytest.mark.parametrize("fine", [0.0, 1.0])
def test_an_outage_ends_a_run_in_time(lab, desk, drive, concurrency, most, fine):
    """From the start, or after so many seconds in which calls are answered."""
    began = []

    def hook(number, request):
        began.append(now())
        if now() >= began[0] + fine:
            raise ServiceError("no server is listening there")

    async def work():
        await asyncio.gather(*(one.ask(f"question {n}", place=f"p/{n}") for n in range(1_000)))

    slow = lab.ToyModel(lambda request: "x", hook=hook, latency=lambda request: 0.1)
    one = desk(slow, max_outage=most, concurrency=concurrency)
    with pytest.raises(JobFailed, match="no server is listening"):
        drive(work())
    assert most * (0.9 if fine else 0.8) < began[-1] - began[0] - fine < most * 1.25


def test_an_outage_counts_from_the_last_success_of_anyone(lab, desk, drive):
    """One call that always fails does not end a run in which others succeed."""
    start = []

    def hook(number, request):
        start.append(now())
        if request.messages[0].content == "cursed" and now() < start[0] + 50:
            raise ServiceError("not you", cause="connection")

    one = desk(lab.ToyModel(lambda request: "x", hook=hook), max_outage=20.0)
    assert drive(cursed_beside(one, 40, 10)) == "x"
    assert one.layer.retries > 5


def engine_crashed():
    return ServiceError("engine crashed", billed=True)


@pytest.mark.parametrize("others", [0, 1, 40])
def test_a_call_that_fails_where_others_are_answered_is_given_up(lab, desk, drive, others):
    hook, at = failing(EVER, engine_crashed, only="cursed")
    one = desk(lab.ToyModel(lambda request: "x", hook=hook))

    async def work():
        await one.ask("first", place="first")
        with pytest.raises(
            Rejected, match=r"times on this generate call \(c\): engine crashed"
        ) as caught:
            await cursed_beside(one, others, 5)
        assert caught.value.reason == "unanswered"
        sent = len(at)
        again = desk(one.model)
        with pytest.raises(Rejected) as read:  # from the journal
            await again.ask("cursed", place="c")
        assert (str(read.value), len(at)) == (str(caught.value), sent)

    drive(work())
    assert 3 <= len(at) <= 4


def test_a_call_that_always_hangs_is_given_up_after_three_time_outs(lab, desk, drive):
    def reply(request):
        if request.messages[0].content == "cursed":
            raise ServiceError("no answer within 120 s", billed=True, cause="timeout")
        return "x"

    def latency(request):
        return 120.0 if request.messages[0].content == "cursed" else 0.0

    one = desk(lab.ToyModel(reply, latency=latency))
    drive(one.ask("first", place="first"))
    with pytest.raises(Rejected, match="failed 3 times on this generate call"):
        drive(cursed_beside(one, 40, 10))


@pytest.mark.parametrize("answered", [False, True])
def test_a_kind_of_call_that_is_never_answered_ends_the_run(lab, desk, drive, answered):
    """However many calls of other kinds are answered; each of these is billed."""

    def hook(number, request):
        if request.messages[0].content.startswith("question"):
            raise engine_crashed()

    one = desk(lab.ToyModel(lambda request: "x", hook=hook), concurrency=16)

    async def work():
        await one.ask("first", step="generate" if answered else "seeds", place="first")
        asked = asyncio.ensure_future(one.many(40))
        for number in range(60):
            await asyncio.sleep(5)
            if one.layer.halt_reason is not None:
                break
            await one.ask(f"fine {number}", step="seeds", place=f"f/{number}")
        return await asked

    results = drive(work())
    ended = [each for each in results if isinstance(each, JobFailed)]
    assert len(ended) == (0 if answered else 31)
    assert sum(isinstance(each, Rejected) for each in results) == (40 if answered else 9)
    if ended:
        assert "has answered no generate call with the prompt inline" in str(ended[0])
        assert "engine crashed" in str(ended[0]) and "resume" in ended[0].hint


def refusing(cause="bad-request"):
    return ServiceError("no such grammar", hint="do this", cause=cause)


@pytest.mark.parametrize("cursed", ["first", "question 30"])
def test_a_call_that_is_refused_where_others_are_answered_is_given_up(lab, desk, drive, cursed):
    """Also if the refusal comes before the first reply."""

    def is_cursed(request):
        return request.messages[0].content == cursed

    def reply(request):
        if is_cursed(request):
            at.append(now())
            raise refusing()
        return "x"

    at = []
    one = desk(lab.ToyModel(reply, latency=lambda request: 0.1 if is_cursed(request) else 1.0))

    async def work():
        first = asyncio.ensure_future(one.ask("first", place="f"))
        results = [*await one.many(40), *await asyncio.gather(first, return_exceptions=True)]
        (refused,) = (each for each in results if each != "x")
        assert isinstance(refused, Rejected) and refused.reason == "unanswered"
        assert "answers other calls but refused this generate call" in str(refused)
        assert "no such grammar" in str(refused)
        place = "f" if cursed == "first" else "p/30"
        with pytest.raises(Rejected) as read:  # from the journal
            await desk(one.model).ask(cursed, place=place)
        assert (str(read.value), len(at)) == (str(refused), 1)

    drive(work())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *(
            (ServiceError("own words", hint="do this", cause=cause), ServiceError)
            for cause in ("key", "bad-request")
        ),
        (KeyError("own words"), PluginError),  # a bug of the backend
    ],
)
def test_what_cannot_succeed_later_fails_at_once(lab, desk, drive, error, kind):
    hook, at = failing(EVER, lambda: error)
    one = desk(lab.ToyModel(lambda request: "x", hook=hook))
    with pytest.raises(kind, match="own words") as caught:
        drive(one.ask())
    assert kind is PluginError or caught.value.hint == "do this"
    assert len(at) == 1
    assert (one.layer.retries, one.limiter.in_flight) == (0, 0)
    assert bool(one.usage.tokens) == (kind is PluginError), "it may have sent the call"


def test_who_backs_off_holds_neither_place_nor_money(lab, desk, drive):
    """One place, money for one call: others go while the first one waits."""

    def hook(number, request):
        if number == 1:
            raise ServiceError("down", retry_after=50.0)

    async def work():
        waiting = asyncio.ensure_future(one.ask("slow", place="s"))
        await asyncio.sleep(1)
        assert one.limiter.in_flight == 0
        began = now()
        await one.ask("fast", place="f")
        assert now() - began < 1
        return await waiting

    one = desk(
        lab.ToyModel(lambda request: "x", hook=hook, latency=lambda request: 0.1),
        concurrency=1,
        max_tokens=62,  # one call reserves at most 54
    )
    assert drive(work()) == "x"
