"""Find out whether a service answers more with fewer calls in flight.

A server that runs out of memory does not refuse calls: beyond some number it restarts some, and all
take longer. Latency does not tell that from a queue or from longer replies; answers a second do. So
a fifth fewer calls are tried now and then. If clearly more answers come, the lower number is kept
and a fifth less tried again. Otherwise the old number returns, and the next trial waits four times
as long. From there trials go up and down in turn, and more calls are kept unless clearly fewer
answers come: what chance taught is forgotten again.

Time is counted in rounds of as many answers as calls are in flight, which is as
long as an answer takes (Little's law). Rounds only count if all slots are taken; with fewer calls,
answers per second are not informative.
"""

from __future__ import annotations

from typing import Literal

_Phase = Literal["wait", "before", "settle", "trial"]

_STEP = 0.8
_FEWEST = 4  # calls in flight that are never too many
_QUIET_ROUNDS, _QUIET = 2, 10.0  # rounds and seconds without a trial, at first
_LONGER, _LONGEST = 4, 64  # times that, after each trial in vain
_ROUNDS = 4  # that answers are counted over; a trial ends sooner if it is clear
_ANSWERS, _SECOND = 30, 1.0  # that a round has and takes at least: less is chance
_MORE = 1.05  # times as many answers a second are to come with fewer calls
_AS_MANY = 0.95  # with more
_DOUBT = 0.1  # by which chance moves that in one round; half as much in two


class Crowding:
    """The number of calls in flight that brings the most answers per second.

    Args:
        ceiling: the most calls in flight that the user allows.

    Attributes:
        limit: calls in flight that are allowed now.
    """

    def __init__(self, ceiling: int) -> None:
        self.limit = self._kept = self._ceiling = ceiling
        self._rate = 0.0  # answers a second with `_kept` in flight
        self._fewer = True  # the next trial is one with fewer calls
        self._wait = 1  # times as long as at first until then
        self._a_second = 0.0  # answers, roughly
        self._phase: _Phase = "wait"
        self._since: float | None = None  # the first answer of the phase
        self._answers = 0  # after that

    def forget(self) -> None:
        """Something else holds the calls back."""
        if self._since is not None or self.limit < self._ceiling:
            self.limit = self._kept = self._ceiling
            self._enter("wait")

    def answered(self, now: float, flying: int) -> None:
        """An answer came while `flying` calls were in flight, it among them."""
        if flying < self.limit and self._phase != "wait":
            self.limit = self._kept
            self._enter("wait")
        if flying != self.limit:
            return
        if self._since is None:
            self._since = now
            return
        self._answers += 1
        if self._phase == "settle":  # these were sent before
            if self._answers == self.limit:
                self._enter("trial")
            return
        rounds, rest = divmod(self._answers, max(self.limit, _ANSWERS, int(self._a_second)))
        if rest == 0:
            self._round(rounds, now - self._since)

    def _enter(self, phase: _Phase) -> None:
        self._phase, self._since, self._answers = phase, None, 0

    def _round(self, rounds: int, seconds: float) -> None:
        """So many rounds of this phase are over."""
        rate = self._answers / max(seconds, 1e-9)
        match self._phase:
            case "wait":
                quiet = rounds >= self._wait * _QUIET_ROUNDS and seconds >= self._wait * _QUIET
                if quiet and self._ceiling > _FEWEST:
                    self._a_second = _SECOND * rate
                    self._enter("before")
            case "before":
                if rounds == _ROUNDS:
                    self._try(rate)
            case "trial":
                self._judge(rate, rounds)

    def _try(self, rate: float) -> None:
        """`_kept` brings so many answers a second: what does another number?"""
        self._rate = rate
        if self._kept == self._ceiling:
            self._fewer = True
        elif self._kept <= _FEWEST:
            self._fewer = False
        if self._fewer:
            self.limit = round(_STEP * self._kept)
        else:
            self.limit = min(self._ceiling, round(self._kept / _STEP))
        self._enter("settle")

    def _judge(self, rate: float, rounds: int) -> None:
        surplus = rate / self._rate - (_MORE if self._fewer else _AS_MANY)
        doubt = _DOUBT / rounds if rounds < _ROUNDS else 0.0
        if surplus < -doubt:
            self.limit = self._kept
            self._fewer = not self._fewer
            self._wait = min(_LONGEST, _LONGER * self._wait)
            self._enter("wait")
        elif surplus >= doubt and rounds > 1:
            self._kept, self._wait = self.limit, 1
            if _FEWEST < self._kept < self._ceiling:
                self._try(rate)
            else:
                self._enter("wait")
