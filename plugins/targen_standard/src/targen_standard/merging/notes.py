"""Notes on the runs of a merge: their differences, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from targen_core.hints import quoted
from targen_core.runs.manifest import SourcePlan, flat
from targen_core.text import plural
from targen_standard.merging.runs import Run, exclude_the_same, halves, shown

_NAMED = 12  # differences that are named


def notes_on(runs: Sequence[Run]) -> Iterator[str]:
    """In what the runs differ, which shards are missing, and what is not done yet."""
    for run in runs:
        if run.report["status"] in ("stopped", "unfinished"):
            yield (f"{run.name} has not finished; to finish it: targen resume {quoted(run.path)}")
    yield from missing_words(runs)
    for half in halves(runs):  # two halves differ in nearly everything
        yield from _differing(half)


def _differing(runs: Sequence[Run]) -> Iterator[str]:
    differences = _differences(runs)
    for (setting, values), steps in [*differences.items()][:_NAMED]:
        of = f" of {', '.join(steps)}" if any(steps) else ""
        yield f"the runs differ in {setting}{of}: {values}"
    if (more := len(differences) - _NAMED) > 0:
        yield f"the runs also differ in {plural(more, 'other setting')}; see their manifest.json"


def not_excluded(runs: Sequence[Run], sources: Sequence[SourcePlan]) -> Iterator[str]:
    """That rows may repeat datasets which only some runs exclude, unless `sources` has them."""
    there = {digest: name for run in runs for digest, name in run.excluded.items()}
    for source in sources:
        there.pop(source.digest, None)
    if there and not exclude_the_same(runs):
        yield (
            f"not all runs exclude {' and '.join(there.values())}, so merged rows may repeat rows "
            "from there"
        )


def within_words(names: Sequence[str]) -> Iterator[str]:
    """That some filters have not compared rows of different runs."""
    if names:
        yield (
            f"{' and '.join(names)} compared rows within each run, but not rows from different runs"
        )


def _differences(runs: Sequence[Run]) -> dict[tuple[str, str], list[str]]:
    """The steps, or "", by the setting in which runs differ and which of them have what."""
    decides = [flat(run.manifest.deciding()) for run in runs]
    differences: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(name for each in decides for name in each):
        if name.partition(".")[0] in ("targets", "shard") or name.endswith(".identity"):
            continue
        by_value: dict[str, list[str]] = {}
        for run, each in zip(runs, decides, strict=True):
            by_value.setdefault(shown(each.get(name)), []).append(run.name)
        if len(by_value) > 1:
            values = "; ".join(f"{v} in {', '.join(of[:3])}" for v, of in by_value.items())
            head, _, rest = name.partition(".")
            step, _, setting = rest.partition(".") if head == "steps" else ("", "", name)
            setting = setting.removeprefix("options.").removeprefix("params.")
            differences.setdefault((setting, values), []).append(step)
    return differences


def missing_shards(runs: Sequence[Run]) -> Iterator[tuple[int, list[int]]]:
    """Yield the number of shards of a run and its missing ones, if others exist."""
    shards: dict[tuple[str, int], set[int]] = {}
    for run in runs:
        shard = run.manifest.config.shard
        if shard is not None:
            shards.setdefault((run.family, shard.count), set()).add(shard.number)
    for (_, count), numbers in shards.items():
        if missing := sorted({*range(1, count + 1)} - numbers):
            yield count, missing


def missing_words(runs: Sequence[Run]) -> Iterator[str]:
    """Say which shards are missing, once for each run that was divided."""
    for count, missing in missing_shards(runs):
        some = ", ".join(map(str, missing[:_NAMED])) + (", …" if len(missing) > _NAMED else "")
        yield f"of {count} shards, these are missing: {some}"
