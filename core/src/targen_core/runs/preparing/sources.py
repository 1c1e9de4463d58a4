"""Datasets that options of parts name: whether this user named them, and if they are the same.

A run stores the name, the digest and the number of rows of each, but not its texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from targen_core.errors import RunConflict, UsageError
from targen_core.hints import command, flag_of
from targen_core.options import Datasets
from targen_core.origin import HUB
from targen_core.plugins.register import MEMORY
from targen_core.runs.records.lock import Lock, SourcePlan
from targen_core.runs.records.shortcuts import datasets_of
from targen_core.text import plural

OBJECT = f"{MEMORY}:"
"""Precedes the file that represents rows of a program."""


class UnreadSource(UsageError):
    """A dataset that an option names but that cannot be read, or has no usable rows.

    Attributes:
        hub: whether its hint takes the name for one of a hub, which it cannot be in a resumed run.
    """

    hub = False

    def ask_where(self, run: Path, then: str = "") -> None:
        """Add to the hint how to resume a run whose dataset has moved."""
        near = "; " + self.hint if self.hint and not self.hub else ""
        again = command("resume", run, **{self.option: "SOURCE"})
        self.hint = "give the file's new path: " + again + then + near


def name_of_source(source: str) -> str:
    """Return a source's name without its path, which may be private."""
    if source.startswith(OBJECT):
        return Path(source.removeprefix(OBJECT)).stem
    return source if source.startswith(HUB) else Path(source).expanduser().resolve().name


def kept_source(source: str) -> str:
    """A source as a manifest has it: of rows of a program their name."""
    return f"{OBJECT}{name_of_source(source)}" if source.startswith(OBJECT) else source


def refuse_itself(option: str, sources: Iterable[str], run: Path) -> None:
    """Refuse a run that is to use its own rows.

    Raises:
        UsageError: it is among `sources`, by its folder or its file.
    """
    own = {run.resolve(), (run / "dataset.jsonl").resolve()}
    for source in sources:
        if Path(source).expanduser().resolve() in own:
            raise UsageError(
                f"{flag_of(option)}: {source} is this run itself",
                hint="pass a different dataset, or choose a different --out",
            )


def refuse_sources(option: str, words: Datasets, sources: Iterable[str], run: Path) -> None:
    """Refuse sources that only the manifest of someone else's run names.

    Raises:
        UsageError: with what to type.
    """
    for source in sources:
        if not source.startswith(OBJECT):
            raise UsageError(
                f"this run {words.verb} {source}, but targen did not start it here; someone else's "
                "run could refer to any file or dataset",
                hint="if it is the right dataset, run: "
                + command("resume", run, **{option: source}),
            )


def require_same_sources(there: Lock, now: Lock, run: Path) -> None:
    """Check that a run continues with the datasets that it started with.

    Raises:
        RunConflict: naming what was changed, and what to do.
    """
    for place in {**there.parts, **now.parts}:
        plans = there.parts.get(place), now.parts.get(place)
        before, after = (() if plan is None else plan.sources for plan in plans)
        part = next(plan for plan in plans if plan is not None)
        _require_same(*datasets_of(part.id), before, after, run)


def _require_same(
    option: str, words: Datasets, there: Sequence[SourcePlan], now: Sequence[SourcePlan], run: Path
) -> None:
    before, after = (Counter(plan.digest for plan in plans) for plans in (there, now))
    if before == after:
        return
    gone = [plan for plan in there if before[plan.digest] > after[plan.digest]]
    come = [plan for plan in now if after[plan.digest] > before[plan.digest]]
    if not there:
        raise RunConflict(
            f"{run} {words.verb} no datasets, so {come[0].source} may contain its rows",
            hint=f"generate a new run with {flag_of(option)} and a different --out",
        )
    if not gone:
        raise RunConflict(
            f"{run} was not started with {come[0].source} {words.done}",
            hint="generate a new run with a different --out",
        )
    said = (
        f"{run} {words.verb} {' and '.join(f'{plan.source} with {_size(plan)}' for plan in gone)}"
    )
    said += f", not {come[0].source} with {_size(come[0])}" if come else ""
    raise RunConflict(
        said,
        hint=f"restore the file; or give the new path of each dataset that it {words.verb}: "
        + command("resume", run, **{option: "SOURCE"})
        + "; or generate a new run",
    )


def _size(plan: SourcePlan) -> str:
    return f"{plural(plan.rows, 'row')} (digest {plan.digest[:12]})"
