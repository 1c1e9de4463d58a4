"""A rehearsal: find a revision's calls with the replies of a dry run.

A revision that ends at its first lacking reply does not know the calls after it, such as those of
lists that grow. Nor does it know how many calls a corrector makes about a future text. So before
anything is sent, it is walked to its end. The task makes up replies that the journal, the cache and
earlier judgements lack.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import Call
from targen_core.calls.model import ChatReply
from targen_core.engine.executor import Generation, Judgement

_MAKES_UP: ContextVar[str | None] = ContextVar("makes_up", default=None)


@dataclass
class Rehearsal:
    """The calls of a rehearsal.

    Attributes:
        cache: replies of other runs; None if the run does not share any.
        sent: the calls that would be sent, by step.
        cached: those that the cache would answer.
        written: ids of candidates whose texts are not there yet, with their branches.
        judged: ids of candidates that lack only the judgement.
        unjudged: those of them that the run did not judge, as it stopped before.
    """

    cache: ReplyCache | None = None
    sent: Counter[str] = field(default_factory=Counter)
    cached: Counter[str] = field(default_factory=Counter)
    written: dict[str, str] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    unjudged: set[str] = field(default_factory=set)
    _new: set[tuple[str, int, str]] = field(default_factory=set)

    @contextmanager
    def making_up(self, label: str | None) -> Iterator[None]:
        """Make up the answers to calls within: it is known that no other answers exist.

        A judge who must give the answer gives `label`.
        """
        before = _MAKES_UP.set(label or "")
        try:
            yield
        finally:
            _MAKES_UP.reset(before)

    def answers(self, call: Call) -> bool:
        """Return whether a call may be made up now: only the journal has a list."""
        plain = call.dry_run is not None and call.top_logprobs is None and call.given is None
        return plain and (call.step not in ("generate", "correct") or _MAKES_UP.get() is not None)

    def reply(self, call: Call, key: bytes) -> ChatReply:
        """The task's own reply of a dry run; counted as a call that would be sent."""
        assert call.dry_run is not None
        self.sent[call.step] += 1
        value, label = call.dry_run(key), _MAKES_UP.get()
        if isinstance(value, dict) and call.step == "correct" and label and "answer" in value:
            value = {**value, "answer": label}
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return ChatReply(text, "stop", 0, 0)

    def wrote(self, work: Generation) -> None:
        """Note that the texts of a call of step 3 are new."""
        self._new.add((work.seed.id, work.seed.sample, work.branch))

    def saw(self, work: Judgement, *, lacked: bool, was_judged: bool) -> None:
        """Note whether the text of a candidate is new, or its judgement, or neither."""
        candidate = f"{work.seed.id}/{work.branch}/{work.ordinal}"  # as in provenance
        if (work.seed.id, work.seed.sample, work.branch) in self._new:
            self.written[candidate] = work.branch
        elif lacked:
            self.judged.add(candidate)
            if not was_judged:
                self.unjudged.add(candidate)
