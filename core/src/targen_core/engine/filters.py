"""Filters, which may refuse a candidate at its turn even if its task accepts it.

A plugin registers a subclass of `Filter`, or a `Configurable` that makes one, with the hook
`register_filters`. This module has no heavy imports, since plugins import it.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from targen_core.engine.events import Commit
from targen_core.engine.guard import Guard
from targen_core.engine.stage_llm import is_json
from targen_core.errors import PluginError, Rejected

if TYPE_CHECKING:  # with numpy, and pydantic
    from targen_core.engine.events import Commit
    from targen_core.tasks.model import Task

USUAL = ("near-duplicates",)
"""Names of filters that every run has if they are installed.

Their options are compared by bare name, like those of the run itself.
"""

_SIZE = Struct("<I")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance, as seen by filters.

    Attributes:
        among: rows with the same value share the text that was not written: the id of its seed, or
            the task's own value.
        instance: the instance itself.
        text: the whole instance, as its task renders it.
        written: what the generator wrote.
        branch: what it was generated for.
        rows: returns its official rows, as they would be committed; empty if step 4 rejects it.
        label: the label of these rows, which step 4 may have changed. If step 4 rejects it, the
            label that it was generated for. Empty if a task has open labels, or leaves the label to
            step 4, which rejects the instance.
    """

    among: str
    instance: Any
    text: str
    written: str
    branch: str = ""
    rows: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    label: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a filter rejects a candidate.

    Attributes:
        reason: a short kebab-case word, by which reports count.
        detail: in words.
        verdict: how it is counted; a rejection belongs to the stage "filter".
        facts: further facts for the notes of its record.
    """

    reason: str
    detail: str
    verdict: Literal["rejected", "duplicate"] = "rejected"
    facts: Mapping[str, int | float | str] = field(default_factory=dict)


class Filter(ABC):
    """Rejects candidates, in commit order.

    Its results may depend only on its options, the added instances and the verdicts, so that a
    resumed run gets the same rows. Each run, and each process that resumes one, creates a new
    filter.

    Attributes:
        gives_way: reasons for rejections that are withdrawn if a label still lacks rows after all
            candidates have been judged. A filter that only improves rows therefore does not leave
            a run short of rows.
        share: the share of candidates that it rejects, as far as this is known before a run;
            estimates add the corresponding calls.
        packages: distributions other than its own whose versions a run records, since they affect
            what it rejects.
        precedence: filters receive a candidate in this order, lowest first; filters with the same
            precedence, in the order given. The first filter that rejects it sets the reason.
        stateless: whether one object serves a whole run, since it does not learn from rows.
        shapes: whether it changes the task, in `shaped`.
        per_run: whether each run makes its own filter from the class that is registered.
        across_runs: whether merging runs also passes rows from different runs through it. In this
            case, only `find` and `add` are called for each row.
    """

    per_run: ClassVar[bool] = True
    gives_way: tuple[str, ...] = ()
    share: float = 0.0
    packages: tuple[str, ...] = ()
    precedence: int = 0
    stateless: bool = False
    shapes: bool = False
    across_runs: bool = False

    @property
    def shows(self) -> str:
        """Return a sentence about texts of the user that it adds to prompts; empty by default.

        Users see it before they start a run, so it also tells how to prevent that.
        """
        return ""

    def shaped(self, task: Task[Any, Any]) -> Task[Any, Any]:
        """Return the task with the filter's additions, such as dimensions or prompts.

        It is called before anything else, in every process, so it may depend only on the filter's
        options and their files.
        """
        return task

    @abstractmethod
    def find(self, candidate: Candidate) -> Refusal | None:
        """Return why a candidate, as it was before step 4, is rejected, or None."""

    def add(self, accepted: Candidate) -> bytes:
        """Record an accepted instance, in its form after step 4; return what `restore` needs."""
        return b""

    def restore(self, entries: Sequence[bytes]) -> None:  # noqa: B027
        """Restore state from all that `add` returned in earlier processes, in order.

        Raises:
            ValueError: one of them cannot come from `add`; the run is then judged from its journal.
        """

    def count(self, branch: str, commit: Commit) -> None:  # noqa: B027
        """Record each verdict, in order, including those of earlier processes.

        `commit.verdict`, `commit.stage` and `commit.reason` are the candidate's outcome.
        """

    def close(self) -> None:  # noqa: B027
        """Release files and other resources; called when the run is closed."""

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """Return a section for `report.json`, under the filter's name; empty by default.

        `reasons` counts the rejections of the run by their reason. Values must be JSON.
        """
        return {}


class Filters(Filter):
    """Several filters as one: the first that refuses a candidate says why.

    A refusal that gives way counts only if no other filter refuses the candidate. It may be
    withdrawn later, and the others are not called again.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = tuple(sorted(filters, key=lambda each: each.precedence))
        self.gives_way = tuple(reason for each in self._filters for reason in each.gives_way)

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`."""
        soft: Refusal | None = None
        for each in self._filters:
            refusal = each.find(candidate)
            if refusal is None:
                continue
            if refusal.reason not in self.gives_way:
                return refusal
            soft = soft or refusal
        return soft

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`: the entries, each but the last behind its size."""
        entries = [each.add(accepted) for each in self._filters]
        sized = [_SIZE.pack(len(entry)) + entry for entry in entries[:-1]]
        return b"".join(sized + entries[-1:])

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`."""
        for each in self._filters[:-1]:
            parts = [_cut(entry) for entry in entries]
            each.restore([part for part, _ in parts])
            entries = [rest for _, rest in parts]
        for each in self._filters[-1:]:
            each.restore(entries)

    def count(self, branch: str, commit: Commit) -> None:
        """See `Filter.count`."""
        for each in self._filters:
            each.count(branch, commit)


def _cut(entry: bytes) -> tuple[bytes, bytes]:
    """The first of several entries, and the others."""
    size = int.from_bytes(entry[: _SIZE.size], "little")
    end = _SIZE.size + size
    if len(entry) < end:
        raise ValueError(f"an entry ends after {len(entry):,} of {end:,} bytes")
    return entry[_SIZE.size : end], entry[end:]


_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERDICTS = ("rejected", "duplicate")


class RegisteredFilter(Filter):
    """A filter that a plugin registers: whatever it raises or returns is checked."""

    def __init__(self, inner: Filter, guard: Guard) -> None:
        """Call `inner` under `guard`, which names its distribution in errors."""
        self._inner = inner
        self._guard = guard
        self._counts = getattr(inner.count, "__func__", None) is not Filter.count
        self.gives_way = inner.gives_way
        self.stateless = inner.stateless
        self.precedence = inner.precedence

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`.

        Raises:
            PluginError: naming the distribution.
        """
        refusal = self._call("find", candidate)
        if refusal is None:
            return None
        if not isinstance(refusal, Refusal):
            raise self._guard.fault(
                f"find() returned {type(refusal).__name__}; it must return a Refusal or None"
            )
        if problem := _problem(refusal):
            raise self._guard.fault(f"find() returned a Refusal whose {problem}")
        return refusal

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`."""
        entry = self._call("add", accepted)
        if not isinstance(entry, bytes):
            raise self._guard.fault(f"add() returned {type(entry).__name__}; it must return bytes")
        return entry

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`."""
        try:
            self._call("restore", entries)
        except PluginError as error:
            if isinstance(error.__cause__, ValueError):  # they are not its own, as it may say
                raise error.__cause__ from None
            raise

    def count(self, branch: str, commit: Commit) -> None:
        """See `Filter.count`."""
        if self._counts:
            self._call("count", branch, commit)

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """See `Filter.report`."""
        section = self._call("report", reasons)
        try:
            written = json.loads(json.dumps(section, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise self._guard.fault(
                f"report() returned a value that is not JSON: {error}"
            ) from error
        if not isinstance(written, dict):
            raise self._guard.fault(
                f"report() returned {type(section).__name__}; it must return a dict"
            )
        return written

    def _call(self, name: str, *args: Any) -> Any:
        try:
            return self._guard.call(getattr(self._inner, name), *args)
        except Rejected as error:  # which would not be counted
            raise self._guard.fault(
                f"{name}() raised Rejected; return a Refusal from find() instead"
            ) from error.__cause__ or error


def _problem(refusal: Refusal) -> str:
    """Return what is wrong with a refusal, or ""."""
    if not isinstance(refusal.reason, str) or not _REASON.fullmatch(refusal.reason):
        return f"reason is {refusal.reason!r}; it must be words joined by hyphens, such as too-long"
    if not isinstance(refusal.detail, str):
        return f"detail has the type {type(refusal.detail).__name__}; it must be a string"
    if refusal.verdict not in _VERDICTS:
        return f"verdict is {refusal.verdict!r}; it must be {' or '.join(_VERDICTS)}"
    facts = refusal.facts
    if not isinstance(facts, Mapping) or not all(
        isinstance(name, str) and isinstance(value, int | float | str) and is_json(value)
        for name, value in facts.items()
    ):
        return "facts are not a mapping of names to finite numbers or strings"
    return ""
