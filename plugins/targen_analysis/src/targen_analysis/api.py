"""`analyze` for programs: what `targen_core.analyze` calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from targen_analysis.analysis import Analysis, ask, measure_all
from targen_analysis.data.corpus import Columns, named_apart, read_corpus
from targen_analysis.metrics import Corpus, Study
from targen_core import Registry, Run, Task, load_registry
from targen_core.errors import UsageError

__all__ = ["analyze"]


def analyze(
    data: Sequence[Any],
    *,
    against: Any = None,
    task: str | None = None,
    metrics: Sequence[str] = (),
    without: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]],
    text: Sequence[str] = (),
    label: str = "",
    seed: int = 0,
    registry: Registry | None = None,
) -> Analysis:
    """See `targen_core.analyze`."""
    if not data:
        raise UsageError("there is nothing to analyse")
    if registry is None:  # a run knows objects that nothing else finds
        made = [each.registry for each in data if isinstance(each, Run)]
        registry = made[0] if made else load_registry()
    texts = [
        f"{metric}.{key}={value}" for metric, of in options.items() for key, value in of.items()
    ]
    asked = ask(registry, metrics, without, texts)
    if not asked:
        raise UsageError("no metric is left to measure", hint="leave out fewer")
    columns = Columns(tuple(text), label)
    sources = [_source(each) for each in data]
    corpora = [read_corpus(registry, each, task=task, columns=columns) for each in sources]
    if against is not None:
        other = _source(against)
        known = task or _task_of(corpora)
        corpora.append(read_corpus(registry, other, task=known, columns=columns))
        sources.append(other)
    corpora = named_apart(corpora, sources)
    reference = corpora.pop() if against is not None else None
    return measure_all(Study(tuple(corpora), reference, seed), asked)


def _source(data: Any) -> Any:
    if isinstance(data, Run):
        return data.path
    if isinstance(data, str | PathLike) and not str(data).startswith("hf:"):
        return Path(data).expanduser()
    return data


def _task_of(corpora: Sequence[Corpus]) -> Task[Any, Any] | None:
    """The task of the first run whose task is there, for what it is compared with."""
    return next((c.task for c in corpora if c.run is not None and c.task is not None), None)
