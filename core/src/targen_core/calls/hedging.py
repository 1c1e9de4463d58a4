"""Decide when to send a slow call a second time, in parallel with the first.

Services lose requests: no answer comes, and no error. A time-out that leaves room for the longest
good answer waits minutes for each of them, and commit waits with it. So the usual time of a call is
learned, for each model and step, and a call that takes far longer is sent again. The first answer
counts (Dean and Barroso, The Tail at Scale, CACM 56(2), 2013).

At first a lost call looks like a slow one, so there are two limits. A call is *doubtful* beyond a
multiple of the time that 19 in 20 calls stay below. Second calls for these are a small share of
all. It *hangs* beyond twice the time that 99 in 100 stay below. Second calls for these do not use
up the share: one broken replica of four would use it all. If the first is answered after all, the
second was not needed: that counts, and calls may take longer from then on.

If a service is slow for everybody, a second call is not faster. So a call is doubted only if
another one, which was sent later, was answered in its usual time. Otherwise only one call is sent
again, and late if several are in flight: it tests whether the service answers at all.

Everything here is arithmetic on times that are given: the call layer sends and waits.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque

_SHORTEST = 0.1
"""Seconds; calls that usually take less are judged as if they took so long."""

LOOK, MOST_LOOK = 0.025, 0.1
"""Seconds between two looks at the calls in flight: an eighth of what any may take, or these."""

_FEWEST = 8  # answers from which a usual time is known, if no more are in flight than
_MOST_FLY = 0.5  # this part of them: the first answers are those of the quick calls
_KEPT = 256  # answers that it is known from
_EACH = 16  # answers after which it is looked at again
_ANY = 10.0  # seconds that a call may take if no time is known; and longer,
_SPEED = 40.0  # if its longest reply takes longer at so many tokens a second
_SEVERAL = 4  # calls in flight: if all are unanswered, the service may be slow for everybody
_LATE = 2.0  # times the limit that the call waits which asks whether it is
_SHARE = 0.03  # of calls and of dollars: second calls that were not needed
_CENT = 1e-9  # dollars that rounding may lose
_ANYWAY = 2  # second calls that a run may have, however small
_MULTIPLE, _LOWEST, _HIGHEST = 3.0, 1.2, 12.0
_OTHERS = 2.0  # times that, if only calls of other kinds are known
_FAR = 2.0  # times the time that 99 in 100 stay below: what takes longer hangs
_LIKELY = 4  # doubtful calls assumed lost for each that certainly hangs
_SOON = 6  # sendings of a call, after which each further one waits twice as long
_SENDINGS = 10  # of one call: if it is the call's own fault, a time-out ends it


class Watched:
    """A call in flight.

    Args:
        kind: its step; calls of one kind take about the same time.
        max_tokens: of its reply.
        dollars: the cost of sending it once.

    Attributes:
        since: when it was sent first, in seconds.
        latest: when it was sent last; infinite while that waits for its turn.
        sendings: how often it was sent.
        counted: where its second calls are counted.
    """

    def __init__(self, kind: str, max_tokens: int, dollars: float) -> None:
        self.kind = kind
        self.max_tokens = max_tokens
        self.dollars = dollars
        self.since = self.latest = math.inf
        self.sendings = 0
        self.counted: list[_Sum] = []


class Patience:
    """The time that calls to one service may take before they are sent again.

    Attributes:
        hung: calls that hung, and were answered to a later sending.
    """

    def __init__(self) -> None:
        self.hung = 0
        self._kinds: defaultdict[str, _Times] = defaultdict(_Times)
        self._all = _Times()
        self._multiple = _MULTIPLE
        self._answered = 0
        self._spent = 0.0
        self._proof = -math.inf  # when the latest call was sent that was answered in its usual time
        # Second calls and their dollars: those that proved needless, since the first was answered;
        # those for calls that may have been slow; those for calls in flight that seem to hang; and
        # calls that hung.
        self._needless, self._doubtful, self._hanging, self._lost = (_Sum() for _ in range(4))
        self._asks: Watched | None = None  # the call that asks whether anybody is answered

    def begin(self, call: Watched, now: float) -> None:
        """A call was sent."""
        self._all.flying += 1
        self._kinds[call.kind].flying += 1
        call.since = call.latest = now
        call.sendings, call.counted = 1, []

    def limit(self, call: Watched) -> float:
        """Seconds that a call may take before it is doubted."""
        times = self._kinds[call.kind]
        if times.is_known:
            return self._multiple * max(times.long, _SHORTEST)
        if self._all.is_known:  # of other kinds, which may be quicker
            long = max(self._all.long, max(times.last, default=0.0), _SHORTEST)
            return _OTHERS * self._multiple * long
        seen = max(self._all.last, default=0.0)  # of the quick ones
        return max(_ANY, call.max_tokens / _SPEED, self._multiple * seen)

    @property
    def least(self) -> float:
        """Seconds that a call of any kind may take before it is doubted."""
        known = [times.long for times in (*self._kinds.values(), self._all) if times.is_known]
        return self._multiple * max(min(known), _SHORTEST) if known else _ANY

    def is_due(self, call: Watched, now: float) -> bool:
        """Return whether to send a call again."""
        silent = now - call.latest
        limit = self.limit(call) * 2.0 ** max(0, call.sendings - _SOON)
        if silent < limit or call.sendings >= _SENDINGS:
            return False
        if not self._is_proved(call):
            if self._asks not in (None, call):
                return False
            if self._all.flying >= _SEVERAL and silent < _LATE * limit:
                return False
        return self._may_send(call, now)

    def is_given_up(self, call: Watched, now: float) -> bool:
        """Return whether to stop waiting for a call whose reply is no longer needed."""
        return now - call.latest >= _LATE * self.limit(call)

    def send_again(self, call: Watched, now: float) -> None:
        """A call is sent again, once it has its turn."""
        if not self._is_proved(call):
            self._asks = call
        sums = self._hanging if self._hangs(call, now) else self._doubtful
        sums.add(call.dollars)
        call.counted.append(sums)
        call.sendings += 1
        call.latest = math.inf

    def answered(self, call: Watched, sent: float, now: float, dollars: float) -> None:
        """A sending of a call was answered; it was sent at a moment and cost so much."""
        self._answered += 1
        self._spent += dollars
        took = now - sent
        if sent > self._proof and took <= self.limit(call):
            self._proof = sent
        for times in (self._kinds[call.kind], self._all):
            times.add(took)

    def end(self, call: Watched, now: float, *, again: bool) -> None:
        """A call is over; `again`: a later sending was answered, and the first was not."""
        self._all.flying -= 1
        self._kinds[call.kind].flying -= 1
        if call.sendings == 1:
            return
        asked, self._asks = self._asks is call, None if self._asks is call else self._asks
        is_lost = again and self._hangs(call, now)
        for sums in call.counted:
            if sums is self._hanging or is_lost or not again:  # otherwise the cause is unknown
                sums.add(-call.dollars, -1)
        if is_lost:
            self.hung += 1
            self._lost.add(call.dollars)
            self._multiple = max(_LOWEST, 0.9 * self._multiple)
        elif not again:
            self._needless.add((call.sendings - 1) * call.dollars, call.sendings - 1)
            if not asked:  # asking is not a mistake
                self._multiple = min(_HIGHEST, 1.5 * self._multiple)

    def _is_proved(self, call: Watched) -> bool:
        """Return whether the service answers others, sent later, in their usual time."""
        # Later sendings start together; if calls queue from the start, the first says little about
        # the last.
        slack = LOOK if call.sendings > 1 else 0.0
        return self._kinds[call.kind].is_known and self._proof > call.latest - slack

    def _hangs(self, call: Watched, now: float) -> bool:
        """Return whether a call is silent for longer than a slow one is."""
        times = self._kinds[call.kind]
        return times.is_known and now - call.since >= _FAR * max(times.longest, _SHORTEST)

    def _may_send(self, call: Watched, now: float) -> bool:
        """Return whether the share of second calls has room for one more."""
        needless, lost = self._needless, self._lost
        sums = self._hanging if self._hangs(call, now) else self._doubtful
        # Where some were lost for certain, most that seem to be are.
        calls = needless.calls + max(0, sums.calls - _LIKELY * lost.calls)
        dollars = needless.dollars + max(0.0, sums.dollars - _LIKELY * lost.dollars)
        if calls >= _SHARE * self._answered + _ANYWAY:
            return False
        return dollars + call.dollars <= _SHARE * self._spent + _ANYWAY * call.dollars + _CENT


class _Sum:
    """Calls, and the dollars that they may have cost."""

    def __init__(self) -> None:
        self.calls = 0
        self.dollars = 0.0

    def add(self, dollars: float, calls: int = 1) -> None:
        """Add so many calls, which may have cost so much together."""
        self.calls += calls
        self.dollars += dollars


class _Times:
    """The times of the last calls of a kind; the statistics over many are updated now and then.

    Attributes:
        flying: calls in flight.
        long: the time that 19 in 20 stay below; 0 at first.
        longest: the time that 99 in 100 stay below; 0 at first.
    """

    def __init__(self) -> None:
        self.flying = self._count = 0
        self.long = self.longest = 0.0
        self.last: deque[float] = deque(maxlen=_KEPT)
        self._due = _FEWEST

    @property
    def is_known(self) -> bool:
        """Return whether there are enough answers to know the usual time."""
        return self.long > 0.0 and self.flying <= _MOST_FLY * self._count

    def add(self, seconds: float) -> None:
        """Add the time of an answered call."""
        self._count += 1
        self.last.append(seconds)
        if self._count >= self._due:
            self._due = self._count + _EACH
            ranked = sorted(self.last)
            self.long = ranked[int(0.95 * (len(ranked) - 1))]
            self.longest = ranked[int(0.99 * (len(ranked) - 1))]
