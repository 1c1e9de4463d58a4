"""Learn a service's capacity from its refusals.

A refusal (429, 503, 529) has one of four causes, and each needs a different response:

- **a cap on calls in flight**: more were in flight than were ever taken at once
  lately. Then as many as are in flight now is the limit, at once and exactly. One more call is
  tried after a second, later after longer; if it is accepted, the limit grows by a quarter at a
  time.
- **a limit on the rate**: calls are refused at numbers in flight that were taken before. The rate
  is then the number of accepted calls between two refusals, over the time between them, and calls
  are spaced by it. BBR measures delivery in the same way (Cardwell et al., ACM Queue 14(5), 2016).
  It grows until it is refused again: slowly if it was measured over many calls.
- **bad luck**: one replica of several is broken. Calls at four fifths of the rate are refused as
  often, so they are only tried again, without slowing down.
- **an outage**: the service answers no call. One call at a time asks whether the service is back,
  after pauses that grow with the outage.

A call was *taken* when it was answered, or is still out when a refusal would long have come. Calls
are counted in the order of sending. Otherwise refusals, which come early, would be counted before
other calls sent with them. Everything here is arithmetic on times that are given: no clock, no
chance.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_FAILURES = 12
"""Failures in a row, without an answer between them, that are an outage."""

_LONGEST_PAUSE = 30.0  # seconds between two calls that ask whether the service is back
_SHORTEST_PAUSE = 0.05  # where it answered before: it may take less than a call a latency
_FIRST_PAUSE = 0.5  # where it never did
_PAUSE_PART = 0.15  # of the outage so far: by so much it is found too late, at most

_SETTLED = 0.02  # seconds after which a refusal would have come, at least
_LONGEST_SETTLED = 5.0  # and at most: what seems longer, this process may have been asleep for
_HOLD = 1.0  # seconds until a call above the limit is tried
_LONGEST_HOLD = 6.0
_STEP = 0.25  # of the limit, where growing goes well
_SLOWER = 0.7  # of the calls in flight, if they are so many that they time out
_SLOW = 0.25  # of what a call that timed out took: else it hung, and the others did not wait

_PERIOD = 5.0  # seconds that what was taken is remembered, and as many after
_LULL = 60.0  # seconds without a call: a rate is not measured over an idle time or a sleep
_OFTEN = 0.08  # refusals among outcomes that are worth an experiment
_SURELY = 0.6  # refusals among outcomes that are not bad luck
_OUTCOMES = 30  # that the share of refusals remembers, and the longest experiment takes
_EXPERIMENT = 0.8  # of the rate
_TRIALS = 2  # experiments in vain that make it bad luck
_LUCK = 30.0  # seconds for which bad luck is believed in
_KNOWN = 60.0  # seconds for which a limit on the rate is
_PRECISE = 50  # calls between two refusals after which a rate counts as known
_KEPT, _KEPT_SHORT = 0.97, 0.7  # of a rate that was refused, after many calls or few
_NEAR = 1.2  # times the rate as it was set: beyond, it was a leap
_LONG = 10  # calls that are many
_LOWEST = 1 / 60  # calls a second: what is slower is found out by asking
_SOON = 5.0  # seconds without a refusal after which it grows twice as fast
_FASTER = 1.0  # most by which the rate grows within as many calls as its precision needs
_DOUBT = 2  # refusals, each sent after the one before came: calls go one by one
_IN_VAIN = 5  # as many of those: all wait
_BELIEVED = 60.0  # seconds of a pause that are believed at once; a longer one is often untrue
_UNTIL_BELIEVED = 30.0  # seconds of refusals after which it is believed as well
_SLACK = 0.02  # seconds by which a call that was late may be followed sooner


@dataclass(slots=True, eq=False)
class Ticket:
    """A call that was sent: when, and how many were in flight with it."""

    at: float
    flying: int
    ended: bool = False
    refused: bool = False
    counted: bool = False


class Controller:
    """The number of calls that a service accepts at once, and its rate.

    Args:
        ceiling: the most calls in flight that the user allows.

    Attributes:
        limit: calls in flight that it takes, as far as is known.
        rate: calls per second that it accepts; None if no limit was met.
        ready_at: when the next call may go by that rate.
        resume_at: no call may be sent before then.
        down: whether the service answers no call, so that one call at a time tests it.
        failing_since: when the first failure or refusal since the last answer came; None if all
            succeeded.
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.limit = float(ceiling)
        self.rate: float | None = None
        self.ready_at = 0.0
        self.resume_at = 0.0
        self.down = False
        self.failing_since: float | None = None
        self._uncounted: deque[Ticket] = deque()  # as they were sent
        self._refusal_took = 0.0  # seconds, of the slow ones lately
        self._taken_at = 0.0  # when the last call was known to be taken
        self._answered = False  # ever
        self._answered_at = 0.0
        self._latency = 0.0  # seconds, of answers lately
        self._failures = 0  # since the last answer
        self._in_vain = 0  # refusals of calls that were sent after the one before came
        self._vain_run = 0  # the most of these since the rate was measured
        self._refused_at = -math.inf  # when the last of these came
        self._share = 0.0  # of refusals among the latest outcomes
        self._counted_at = math.inf
        # Most calls in flight that were taken, this period and the one before.
        self._proven = [0, 0]
        self._period_at = -math.inf
        # The limit.
        self._base = 0.0  # where it was cut last
        self._hold = _HOLD
        self._grow_at = 0.0
        self._slowed_at = -math.inf  # when calls timed out
        # The rate.
        self._window: _Window | None = None
        self._begun = self._set_at = 0.0  # the rate as it was set, and when
        self._precision = 1
        self._sent = 0  # since the rate was set
        self._experiment: _Experiment | None = None
        self._limited_until = -math.inf
        self._luck_until = -math.inf
        self._luck_share = 0.0

    # --- what happens to calls ---

    def has_room(self, flying: int) -> bool:
        """Return whether another call may be sent while `flying` are in flight."""
        if self.down:
            return flying < 1
        if self._in_vain >= _DOUBT and self._uncounted:
            return False
        return flying < max(1, int(self.limit))

    def look_at(self, flying: int) -> float | None:
        """Return when `look` may make room even if no call ends before; None if it will not."""
        if self._uncounted:
            return self._uncounted[0].at + self._settled_after
        full = flying >= int(self.limit) and self.limit < self.ceiling
        if full and not self.down and self._slowed_at == -math.inf:
            return self._grow_at
        return None

    def look(self, now: float, flying: int) -> None:
        """Count what elapsed time has settled, and raise the limit if it is due."""
        self._count(now, flying)
        full = flying >= int(self.limit) and not self._uncounted
        if full and self.limit < self.ceiling and now >= self._grow_at and not self.down:
            self._grow(now)

    def sent(self, now: float, flying: int) -> Ticket:
        """Note a call that goes off as the `flying`-th in flight."""
        self._count(now, flying - 1)
        ticket = Ticket(now, flying)
        self._uncounted.append(ticket)
        self._speed_up(now)
        if self.rate is not None:
            gap = 1.0 / self.rate
            self.ready_at = max(self.ready_at, now - max(gap, _SLACK)) + gap
        return ticket

    def answered(self, ticket: Ticket, now: float, flying: int) -> None:
        """The service answered; `flying` calls are in flight still."""
        ticket.ended = True
        self._failures = 0
        took = now - ticket.at
        self._latency += (took - self._latency) * (0.1 if self._answered else 1.0)
        self._answered = True
        self._answered_at = now
        if self.down:
            self.down = False
            self.resume_at = 0.0
            self._grow_at, self._hold = now, _HOLD
            if self._window is not None and not self._window.taken:
                self._window = None  # an outage, and no limit on the rate
        self.failing_since = None
        self._taken(ticket, now, flying + 1)
        self._count(now, flying)
        if self._slowed_at > -math.inf:  # the service queues: only answers show how much it takes
            self.limit = min(float(self.ceiling), self.limit + 1.0 / self.limit)

    def refused(self, ticket: Ticket, now: float, flying: int, wait: float | None) -> None:
        """The service has too much to do, or enough of us; `flying` calls are in flight still.

        `wait` is the pause that it requested for this call, in seconds; it binds all calls only if
        no other call is accepted.
        """
        if self.failing_since is None:
            self.failing_since = now
        late = ticket.counted  # held for taken: it came later than refusals do
        ticket.ended = ticket.refused = True
        self._refusal_took = max(now - ticket.at, 0.9 * self._refusal_took)
        if ticket.at >= self._refused_at:
            self._in_vain += 1
            self._vain_run = max(self._vain_run, self._in_vain)
            self._refused_at = now
        self._count(now, flying)
        if self._window is None:
            self._window = _Window(now)
        if self.down or (flying == 0 and (self._in_vain > 1 or not self._answered)):
            self._nobody(now, wait)
        elif now < self._luck_until:
            return
        elif late or ticket.flying <= max(self._proven):
            self._contradict(ticket, now)
            if self._in_vain >= _IN_VAIN:
                self._pause(now, wait, flying)
            elif self._in_vain >= _DOUBT and self.rate is not None:
                wait_for = min(_LONGEST_PAUSE, self._in_vain / self.rate)
                self.resume_at = max(self.resume_at, now + wait_for)
        else:
            self._cut(now, flying)

    def failed(self, ticket: Ticket, now: float, flying: int, *, timed_out: bool = False) -> None:
        """No answer came, and no refusal: an error, a broken connection, or silence."""
        if self.failing_since is None:
            self.failing_since = now
        ticket.ended = ticket.counted = True  # neither taken nor refused
        self._failures += 1
        self._count(now, flying)
        slow = self._latency > _SLOW * (now - ticket.at)
        if timed_out and slow and ticket.at >= self._slowed_at:
            # Calls that wait too long in the service's queue are paid for and lost.
            self.limit = self._base = max(1.0, _SLOWER * min(self.limit, flying + 1))
            self._slowed_at = now
        if self.down or self._failures >= _FAILURES:
            # A call that is not answered yet was accepted, as far as limits are concerned. In an
            # outage, only answers show that.
            self._taken_at = min(self._taken_at, self._answered_at)
            self._nobody(now, None)

    def pause_until(self, moment: float) -> None:
        """Pause until `moment`, as the service requested."""
        self.resume_at = max(self.resume_at, moment)

    # --- counting ---

    @property
    def _settled_after(self) -> float:
        """Seconds after which a refusal would have come."""
        return min(_LONGEST_SETTLED, max(_SETTLED, 2.0 * self._refusal_took))

    def _count(self, now: float, flying: int) -> None:
        """Count, in the order in which they were sent, the calls whose fate is known."""
        if now - self._counted_at > _LULL and self._window is not None:
            self._window = _Window(now)
        self._counted_at = now
        waiting, after = self._uncounted, self._settled_after
        while waiting and (waiting[0].ended or waiting[0].at + after <= now):
            ticket = waiting.popleft()
            if ticket.counted:
                continue
            ticket.counted = True
            if not ticket.refused:
                self._taken(ticket, now, flying)
            self._outcome(ticket, now)
        window = self._window
        if window is not None and window.until is not None and window.until + after <= now:
            self._measure(window, now)

    def _taken(self, ticket: Ticket, now: float, flying: int) -> None:
        """A call was taken while `flying` were in flight."""
        self._taken_at = now
        if ticket.at >= self._refused_at:
            self._in_vain = 0
        if now - self._period_at > _PERIOD:
            self._proven = [self._proven[1], 0]
            self._period_at = now
        self._proven[1] = max(self._proven[1], min(ticket.flying, flying))
        full = ticket.flying >= int(self.limit)
        if full and self.limit < self.ceiling and now >= self._grow_at:
            self._grow(now)

    def _outcome(self, ticket: Ticket, now: float) -> None:
        self._share += (ticket.refused - self._share) / _OUTCOMES
        window = self._window
        if window is not None and not ticket.refused and ticket.at >= window.since:
            if window.until is not None and ticket.at > window.until:
                window.taken_after += 1
            else:
                window.taken += 1
                if now - window.since > 2 * _PERIOD and window.taken > 2 * _PRECISE:
                    self._window = _Window(now)  # results from long ago no longer apply
        tried = self._experiment
        if tried is not None and ticket.at >= tried.since:
            tried.outcomes += 1
            tried.refused += ticket.refused
            if tried.outcomes >= _OUTCOMES:
                self._conclude(tried, now)
        if self._share > max(2 * self._luck_share, self._luck_share + 0.2):
            self._luck_until = -math.inf  # it is more than bad luck by now

    # --- the limit ---

    def _grow(self, now: float) -> None:
        if self._slowed_at > -math.inf:
            return
        first = self.limit <= self._base
        if not first:
            self._hold = _HOLD  # a call more was taken
        step = 1.0 if first else max(1.0, _STEP * self.limit)
        self.limit = min(float(self.ceiling), int(self.limit) + step)
        self._grow_at = now + self._settled_after

    def _cut(self, now: float, flying: int) -> None:
        """More calls were in flight than it takes: keep to those that are."""
        if self._base and self._base < self.limit <= self._base + 1:
            self._hold = min(_LONGEST_HOLD, 1.5 * self._hold)  # one more was one too many
        elif self.limit > self._base:
            self._hold = _HOLD
        self.limit = self._base = max(1.0, min(self.limit, float(flying)))
        self._grow_at = now + self._hold
        self._proven = [min(flying, int(self.limit)) for flying in self._proven]

    # --- the rate ---

    def _contradict(self, ticket: Ticket, now: float) -> None:
        """A refusal that the number in flight does not explain."""
        window = self._window
        assert window is not None
        if self.rate is None and self._share < _OFTEN:
            return
        if window.until is None and ticket.at >= window.since:
            window.until = now
            if self.rate is None:
                self.resume_at = max(self.resume_at, now + self._settled_after)

    def _measure(self, window: _Window, now: float) -> None:
        """All calls of a window between two refusals are counted: learn the rate from it."""
        assert window.until is not None
        if not window.taken or window.until <= window.since:
            window.until = None  # a longer one tells more
            return
        rate = window.taken / (window.until - window.since)
        precision = max(2, min(_PRECISE, window.taken))
        self._window = _Window(window.until, taken=window.taken_after)
        vain_run, self._vain_run = self._vain_run, 0
        if self._experiment is not None or now < self._luck_until:
            return
        if self._share >= _SURELY or (self.rate is not None and window.taken >= _LONG):
            self._limited_until = now + _KNOWN  # calls that are spaced are taken
        if now >= self._limited_until and (self.rate is None or self._share > 2 * _OFTEN):
            if self._latency:
                # Calls that go off together make a window look slower than it was.
                rate = max(rate, max(self._proven) / self._latency)
            self._experiment = _Experiment(now, rate, precision, self._share)
            self._set_rate(_EXPERIMENT * rate, precision, now)
        else:
            rate *= 1 - 1 / (precision + 1)
            if self.rate is not None:
                # A small bucket loses what is not used: then the truth is nearer to the rate
                # that was refused than to what was taken on the way to it.
                if rate > 0.5 * self.rate:
                    precision = max(precision, self._precision // 2)
                kept = _KEPT if window.taken >= _LONG else _KEPT_SHORT
                if vain_run < _IN_VAIN:
                    rate = max(rate, kept * min(self.rate, _NEAR * self._begun))
            self._set_rate(rate, precision, now)

    def _set_rate(self, rate: float, precision: int, now: float) -> None:
        self.rate = self._begun = max(rate, _LOWEST)
        self._precision, self._sent, self._set_at = precision, 0, now
        self.ready_at = max(self.ready_at, now)

    def _speed_up(self, now: float) -> None:
        """Let the rate grow: as fast as it is uncertain, and faster the longer it goes well."""
        if self.rate is None or self._experiment is not None:
            return
        if self._window is not None and self._window.until is not None:
            return  # it was refused just now
        self._sent += 1
        turns = self._sent // (2 * self._precision)
        soon = min((now - self._set_at) / _SOON, self._sent / max(4, self._precision / 5))
        turns = min(20, max(turns, int(soon)))
        self.rate *= 1 + min(_FASTER / self._precision, 2.0 * 2.0**turns / self._precision**2)
        if self.rate > 1e5:
            self.rate = None  # no limit applies any more

    def _conclude(self, tried: _Experiment, now: float) -> None:
        """Were fewer calls refused, as fewer were sent?"""
        self._experiment = None
        share = tried.refused / tried.outcomes
        precision = max(2, min(tried.precision, tried.outcomes - tried.refused))
        if share <= max(0.5 * tried.share, 0.5 * _OFTEN):
            self._limited_until = now + _KNOWN
            self._set_rate(tried.rate * (1 - 1 / (precision + 1)), precision, now)
        elif tried.trial < _TRIALS:
            # Perhaps it was not slow enough: the calls accepted meanwhile give the right rate.
            rate = max(1, tried.outcomes - tried.refused) / max(_SETTLED, now - tried.since)
            self._experiment = _Experiment(now, rate, precision, tried.share, tried.trial + 1)
            self._set_rate(_EXPERIMENT * rate, precision, now)
        else:
            self._luck_until = now + _LUCK
            self._luck_share = self._share = share
            self.rate = None
            self.ready_at = 0.0
            self.limit, self._base = float(self.ceiling), 0.0

    # --- the service does not respond ---

    def _nobody(self, now: float, wait: float | None) -> None:
        self.down = True
        self._pause(now, wait, 0)

    def _pause(self, now: float, wait: float | None, flying: int) -> None:
        since = now - (self._taken_at if self._answered else self.failing_since or now)
        if not wait or (wait > _BELIEVED and (flying or since < _UNTIL_BELIEVED)):
            shortest = _SHORTEST_PAUSE if self._answered else _FIRST_PAUSE
            if self.rate is not None:  # refused calls may count as well
                shortest = max(shortest, min(self._in_vain, 2 * _IN_VAIN) / self.rate)
            wait = min(_LONGEST_PAUSE, max(shortest, _PAUSE_PART * since))
        if self._experiment is not None:
            self._experiment = self.rate = None  # a problem of all calls is not bad luck
            self.ready_at = 0.0
        self.resume_at = max(self.resume_at, now + wait)


@dataclass(slots=True)
class _Window:
    """From one refusal to another: the calls sent in it that were taken, and those after it."""

    since: float
    until: float | None = None
    taken: int = 0
    taken_after: int = 0


@dataclass(slots=True)
class _Experiment:
    """Calls at a part of the rate: are fewer refused?"""

    since: float
    rate: float
    precision: int
    share: float  # of refusals before
    trial: int = 1
    outcomes: int = 0
    refused: int = 0
