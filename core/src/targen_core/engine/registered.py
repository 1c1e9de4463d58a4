"""Registered filters as the engine calls them: a fault of one is its distribution's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.engine.commits import Commit
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.engine.guard import Guard
from targen_core.engine.stage_llm import is_json
from targen_core.errors import PluginError, Rejected

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
