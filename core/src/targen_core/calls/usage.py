"""Usage: what a run's calls took, by step and label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from targen_core.calls import scores

_TEXTS = ("key", "text", "finish")
_COUNTS = ("in", "out", "cache_read", "cache_write", "reasoning")
_MAX = 10**12  # tokens of one call, and dollars: larger values are invalid


def check_record(record: Mapping[str, Any]) -> None:
    """Check that a record of a journal has the fields that a run uses, each of the right type.

    Raises:
        ValueError: naming the field.
    """
    get = record.get
    if type(get("step")) is not str:
        raise ValueError("step is not a string")
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
    if get("lost"):
        return
    for name in _TEXTS:
        if type(get(name)) is not str:
            raise ValueError(f"{name} is not a string")
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

    def add(self, other: Counts) -> None:
        """Add another sum to this one."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


def answered(counts: Mapping[str, Any]) -> int:
    """`Counts.answered` of the counts in a report."""
    return int(counts["calls"] + counts["cached"] + counts["copied"])


class Usage:
    """`Counts` by (step, label), computed only from the journal's records."""

    def __init__(self) -> None:
        self.by_place: dict[tuple[str, str | None], Counts] = {}
        self.unpriced = False
        self.estimated = 0  # calls whose tokens the service did not report
        self.served = Counter[tuple[str, str]]()  # by step: models that were not the requested one

    def recall(self, record: Mapping[str, Any]) -> None:
        """Count a record that was read back from a journal.

        Raises:
            ValueError: no run writes such a record.
        """
        check_record(record)
        self.record(record)

    def record(self, record: Mapping[str, Any]) -> None:
        """Count one journal record."""
        place = (record["step"], record["label"])
        counts = self.by_place.get(place)
        if counts is None:
            counts = self.by_place[place] = Counts()
        if record.get("cached"):
            if record.get("copied"):
                counts.copied += 1
            else:
                counts.cached += 1
            counts.saved_input_tokens += record["in"]
            counts.saved_output_tokens += record["out"]
            return
        if record.get("lost"):
            counts.lost += 1
        else:
            counts.calls += 1
            self.estimated += bool(record.get("estimated"))
            if "served" in record:
                self.served[record["step"], str(record["served"])] += 1
        counts.input_tokens += record["in"]
        counts.output_tokens += record["out"]
        counts.cache_read_tokens += record.get("cache_read", 0)
        counts.cache_write_tokens += record.get("cache_write", 0)
        counts.reasoning_tokens += record.get("reasoning", 0)
        cost = record["cost"]
        if cost is None:
            self.unpriced = True
        else:
            counts.dollars += cost

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as JSON, for `restore`; sums of dollars keep their last bit."""
        places = [[step, label, *asdict(c).values()] for (step, label), c in self.by_place.items()]
        more: dict[str, Any] = {"estimated": self.estimated} if self.estimated else {}
        if self.served:
            more["served"] = [[*at, count] for at, count in self.served.items()]
        return {"places": places, "unpriced": self.unpriced, **more}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Begin where an earlier process was, before any record is counted.

        Raises:
            ValueError, TypeError or KeyError: it is not a snapshot.
        """
        by_place: dict[tuple[str, str | None], Counts] = {}
        for step, label, *sums in snapshot["places"]:
            if not isinstance(step, str) or not (label is None or isinstance(label, str)):
                raise ValueError(step)
            if len(sums) != len(fields(Counts)):
                raise ValueError(sums)
            for one, part in zip(sums, fields(Counts), strict=True):
                kinds = (int, float) if part.name == "dollars" else (int,)
                if type(one) not in kinds:
                    raise TypeError(one)
                if not 0 <= one < 10**15:  # it would fool the budget; NaN as well
                    raise ValueError(one)
            by_place[step, label] = Counts(*sums)
        self.by_place = by_place
        self.unpriced = bool(snapshot["unpriced"])
        self.estimated = int(snapshot.get("estimated", 0))
        served = snapshot.get("served", [])
        self.served = Counter({(str(step), str(name)): int(n) for step, name, n in served})

    def has_reply(self, step: str) -> bool:
        """Return whether a call of a step has a reply, however it ended."""
        return any(
            at == step and counts.answered and (counts.output_tokens or counts.saved_output_tokens)
            for (at, _), counts in self.by_place.items()
        )

    @property
    def total(self) -> Counts:
        """The sum over all places."""
        total = Counts()
        for counts in self.by_place.values():
            total.add(counts)
        return total

    def as_dict(self, steps: Iterable[str] = ()) -> dict[str, Any]:
        """The report's form: the total, then each of the `steps` in its turn, by label."""
        known = [step for step, _ in self.by_place]
        turn = {step: number for number, step in enumerate(dict.fromkeys([*steps, *known]))}
        rows = [
            {"step": step, "label": label, **_rounded(counts)}
            for (step, label), counts in sorted(
                self.by_place.items(), key=lambda item: (turn[item[0][0]], item[0][1] or "")
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
