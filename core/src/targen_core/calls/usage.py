"""Usage: what a run's calls took, by step and label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from targen_core.calls import scores
from targen_core.text import plural

_TEXTS = ("key", "text", "finish")
_MARKS = ("sent", "lost", "unbilled")  # of records that hold no reply: each names a call's key
_COUNTS = ("in", "out", "cache_read", "cache_write", "reasoning")
_MAX = 10**12  # tokens of one call, and dollars: larger values are invalid


def _is_message(value: Any) -> bool:
    return type(value) is list and [*map(type, value)] == [str, str]


def check_record(record: Mapping[str, Any]) -> None:
    """Check that a record of a journal has the fields that a run uses, each of the right type.

    Raises:
        ValueError: naming the field.
    """
    get = record.get
    mark = next((name for name in _MARKS if name in record), "")
    texts = (mark,) if mark else _TEXTS
    for name in texts if mark == "unbilled" else (*texts, "step"):
        if type(get(name)) is not str:
            raise ValueError(f"{name} is not a string")
    if mark == "unbilled":
        return
    label = get("label", 0)
    if label is not None and type(label) is not str:
        raise ValueError("label is not a string")
    for name in _COUNTS:
        count = get(name, 0)
        if type(count) is not int or not 0 <= count <= _MAX:
            raise ValueError(f"{name} is not a token count")
    if "in" not in record or "out" not in record or "cost" not in record:
        raise ValueError("in, out or cost is missing")
    cost = record["cost"]
    if cost is not None and not (type(cost) in (float, int) and 0 <= cost <= _MAX):
        raise ValueError("cost is not an amount in dollars")
    messages = get("messages", [])
    if type(messages) is not list or not all(map(_is_message, messages)):
        raise ValueError("messages are not pairs of role and text")
    if "tokens" in record:
        scores.from_json(record["tokens"])
    if type(get("unscored", "")) is not str:
        raise ValueError("unscored is not a string")


@dataclass(slots=True)
class Counts:
    """Sums over calls.

    The model answered `calls`, and the cache of earlier runs `cached`. `copied` came from the
    journal of the run that a replay or a revision is made from. `lost` were sent, but their answers
    were lost. A reply that is in a journal once more, taken over for another prompt, counts once.
    Tokens and dollars count what was or may have been paid, `saved_input_tokens` and
    `saved_output_tokens` the tokens that the cache and the other run saved. `cache_read_tokens` of
    the paid tokens came cheaper from the service's own prompt cache, `cache_write_tokens` went into
    it, and `reasoning_tokens` are not in the text.
    """

    calls: int = 0
    cached: int = 0
    lost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    saved_input_tokens: int = 0
    saved_output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    copied: int = 0

    @property
    def answered(self) -> int:
        """Calls that have an answer, from wherever it came."""
        return answered(asdict(self))

    @property
    def sent(self) -> int:
        """Calls that went to the model, with or without an answer."""
        return self.calls + self.lost

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def add_lost(self, record: Mapping[str, Any]) -> None:
        """Add a call that has no reply."""
        self.lost += 1
        self.input_tokens += record["in"]
        self.output_tokens += record["out"]
        self.dollars += record["cost"] or 0.0

    def add(self, other: Counts) -> None:
        """Add another sum to this one."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


def answered(counts: Mapping[str, Any]) -> int:
    """`Counts.answered` of the counts in a report."""
    return int(counts["calls"] + counts["cached"] + counts["copied"])


class Usage:
    """The calls of a run, their tokens and cost, by (step, label): the sum of its journal.

    A call is counted at the most that it can cost from the moment it is sent. A reply, a `lost` or
    an `unbilled` record settles that. So `in_flight` are the calls that this process waits for, and
    those that a killed one waited for: they may have been billed.

    Attributes:
        by_place: counts of settled calls.
        tokens: all that is or may be paid for, calls in flight included.
        dollars: the same in dollars.
    """

    def __init__(self) -> None:
        self.by_place: dict[tuple[str, str | None], Counts] = {}
        self.unpriced = False
        self.estimated = 0  # calls whose tokens the service did not report
        self.served = Counter[tuple[str, str]]()  # by step: models that were not the requested one
        self._sent: dict[str, list[Mapping[str, Any]]] = {}  # by key: not settled
        self._paid_tokens = self._sent_tokens = 0
        self._paid_dollars = self._sent_dollars = 0.0

    @property
    def tokens(self) -> int:
        """Input and output tokens that are or may be paid for."""
        return self._paid_tokens + self._sent_tokens

    @property
    def dollars(self) -> float:
        """Dollars that are or may be paid."""
        return self._paid_dollars + self._sent_dollars

    @property
    def in_flight(self) -> Counts:
        """Calls that were sent and are not settled, at the most that they can cost."""
        counts = Counts()
        for record in self._unsettled():
            counts.add_lost(record)
        return counts

    @property
    def in_flight_note(self) -> str:
        """Return what a report says of these calls, or ""."""
        sent = self.in_flight
        if not sent.lost:
            return ""
        most = f"${sent.dollars:,.2f}" if sent.dollars >= 0.01 else f"${sent.dollars:.4f}"
        return (
            f"{plural(sent.lost, 'call')} {'was' if sent.lost == 1 else 'were'} in flight when the "
            "run was killed or stopped: up to "
            f"{plural(sent.tokens, 'token') if self.unpriced else most} counted"
        )

    def lost_in_flight(self) -> list[dict[str, Any]]:
        """Return records that count these calls as lost, in the place of their `sent` records."""
        return [
            {"lost" if name == "sent" else name: value for name, value in one.items()}
            for one in self._unsettled()
        ]

    def _unsettled(self) -> Iterator[Mapping[str, Any]]:
        for records in list(self._sent.values()):
            yield from records

    def sent(self, key: str) -> tuple[int, float]:
        """Return the tokens and dollars that sendings of a call may cost that are not settled."""
        records = self._sent.get(key, ())
        return (
            sum(record["in"] + record["out"] for record in records),
            sum(record["cost"] or 0.0 for record in records),
        )

    def recall(self, record: Mapping[str, Any]) -> None:
        """Count a record that was read back from a journal.

        Raises:
            ValueError: no run writes such a record.
        """
        check_record(record)
        self.record(record)

    def record(self, record: Mapping[str, Any]) -> None:
        """Count one journal record."""
        if "sent" in record:
            self._send(record)
            return
        if "unbilled" in record:
            self._settle(record["unbilled"])
            return
        counts = self.by_place.setdefault((record["step"], record["label"]), Counts())
        if record.get("cached"):
            counts.copied += bool(record.get("copied"))
            counts.cached += not record.get("copied")
            counts.saved_input_tokens += record["in"]
            counts.saved_output_tokens += record["out"]
            return
        self._paid_tokens += record["in"] + record["out"]
        self._paid_dollars += record["cost"] or 0.0
        self.unpriced = self.unpriced or record["cost"] is None
        if "lost" in record:
            self._settle(record["lost"])
            counts.add_lost(record)
            return
        if record["finish"] != "unanswered":  # its sendings are settled one by one
            self._settle(record["key"])
        counts.calls += 1
        counts.input_tokens += record["in"]
        counts.output_tokens += record["out"]
        counts.dollars += record["cost"] or 0.0
        counts.cache_read_tokens += record.get("cache_read", 0)
        counts.cache_write_tokens += record.get("cache_write", 0)
        counts.reasoning_tokens += record.get("reasoning", 0)
        self.estimated += bool(record.get("estimated"))
        if "served" in record:
            self.served[record["step"], str(record["served"])] += 1

    def _send(self, record: Mapping[str, Any]) -> None:
        self._sent.setdefault(record["sent"], []).append(record)
        self._sent_tokens += record["in"] + record["out"]
        self._sent_dollars += record["cost"] or 0.0
        self.unpriced = self.unpriced or record["cost"] is None

    def _settle(self, key: str) -> None:
        """One sending of a call is over."""
        records = self._sent.get(key)
        if not records:
            return  # a batch in files, or answers that were imported
        record = records.pop()
        if not records:
            del self._sent[key]
        self._sent_tokens -= record["in"] + record["out"]
        self._sent_dollars -= record["cost"] or 0.0
        if not self._sent:
            self._sent_dollars = 0.0  # sums of fractions may not come back to it

    def has_reply(self, step: str) -> bool:
        """Return whether a call of a step has a reply, however it ended."""
        return any(
            at == step and counts.answered and (counts.output_tokens or counts.saved_output_tokens)
            for (at, _), counts in self.by_place.items()
        )

    @property
    def total(self) -> Counts:
        """The sum over all places, with calls in flight as `lost`."""
        total = self.in_flight
        for counts in self.by_place.values():
            total.add(counts)
        return total

    def as_dict(self, steps: Iterable[str] = ()) -> dict[str, Any]:
        """The report's form: the total, then each of the `steps` in its turn, by label."""
        by_place = {place: replace(counts) for place, counts in self.by_place.items()}
        for record in self._unsettled():
            by_place.setdefault((record["step"], record["label"]), Counts()).add_lost(record)
        known = [step for step, _ in by_place]
        turn = {step: number for number, step in enumerate(dict.fromkeys([*steps, *known]))}
        rows = [
            {"step": step, "label": label, **_rounded(counts)}
            for (step, label), counts in sorted(
                by_place.items(), key=lambda item: (turn[item[0][0]], item[0][1] or "")
            )
        ]
        return {
            "total": _rounded(self.total),
            "priced": not self.unpriced,
            "by_step": rows,
            **({"estimated": self.estimated} if self.estimated else {}),
            **({"served": self._served()} if self.served else {}),
        }

    def _served(self) -> list[dict[str, Any]]:
        return [
            {"step": step, "model": model, "calls": calls}
            for (step, model), calls in sorted(self.served.items())
        ]


def _rounded(counts: Counts) -> dict[str, Any]:
    return {**asdict(counts), "dollars": round(counts.dollars, 6)}
