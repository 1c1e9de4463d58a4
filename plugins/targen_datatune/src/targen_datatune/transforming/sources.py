"""Where rows come from: what is retrieved, and the rows of a dataset in an order by chance."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import PluginError, UsageError
from targen_core.hints import flag_of
from targen_core.text import plural
from targen_datatune.retrieval import DatasetUnavailable
from targen_datatune.transforming.items import OF_ENTRY, Source, SourceRow
from targen_datatune.transforming.spec import Transform

if TYPE_CHECKING:
    from targen_datatune.finding import Findings, Match
    from targen_datatune.retrieval import DatasetEntry

_KEPT = 8  # datasets whose rows are kept in memory
_DEEPEST = 6  # levels of a cell
_SHORTEST = 40  # characters of a text in a nested one, where it is cut
_FEWEST = 3  # items of a list, in the same way


class Sources:
    """Findings and rows for one task; repeated requests are answered from memory."""

    def __init__(self, spec: Transform, name: str) -> None:
        self.spec = spec
        self.name = name
        self._findings: Findings | None = None
        self._rows: dict[tuple[str, str], list[SourceRow]] = {}
        self._opened: set[str] = set()  # datasets that this process has tried to read

    def findings(self, *, quiet: bool = True) -> Findings:
        """The datasets that are near to the task.

        Files and folders that have changed are described again.

        Raises:
            UsageError: there is no catalogue, or it has no dataset that the user accepts.
        """
        if self._findings is not None:
            return self._findings
        from targen_core.plugins.loader import load_registry
        from targen_datatune.finding import Filters, search
        from targen_datatune.request import TaskRequest

        spec = self.spec
        findings = search(
            load_registry(),
            TaskRequest(self.name, spec.instruction).query,
            catalogues=spec.catalogues,
            index=Path(spec.index) if spec.index else None,
            retriever=spec.retriever,
            k=spec.candidates,
            filters=Filters(spec.licenses, spec.min_rows, spec.max_rows, spec.gated),
            options=spec.retriever_options,
            quiet=quiet,
        )
        if not findings.matches:
            why = ", ".join(f"{reason} {count:,}" for reason, count in findings.left_out.items())
            limits = [flag_of(name) for name in ("license", "min_rows", "max_rows")]
            hint = f"relax {', '.join(limits)}, or pass --gated; excluded: {why}"
            if not why:
                hint = "run targen retrieve to see all, or "
                hint += "targen catalogue build to add more"
                if findings.undescribed:
                    hint += f"; {plural(findings.undescribed, 'dataset')} could not be described"
            raise UsageError("there are no datasets left to create rows from", hint=hint)
        self._findings = replace(findings, matches=_told_apart(findings.matches))
        return self._findings

    def source(self, entry: DatasetEntry, votes: str) -> Source:
        """An entry as an item, with what keeps it from being used."""
        problem = ""
        try:
            if not self._first(entry):
                problem = "it has no rows"
        except (DatasetUnavailable, PluginError, UsageError) as error:
            problem = f"{error}; {error.hint}" if error.hint else str(error)
        return Source(
            dataset=entry.id,
            votes=votes,
            description=cut(entry.description, 600),
            problem=problem,
            **entry.model_dump(include=OF_ENTRY),
        )

    def lost(self, source: Source) -> str:
        """Return why an earlier process's dataset of files is no longer what it was, once; or "".

        Rows that a run has read before stay its own.
        """
        if source.dataset in self._opened or not Path(source.location).is_absolute():
            return ""
        try:
            self._first(source.entry)
        except (DatasetUnavailable, UsageError) as error:
            return str(error)
        return ""

    def _first(self, entry: DatasetEntry) -> bool:
        from targen_core.plugins.loader import load_registry
        from targen_datatune.finding import rows_of

        self._opened.add(entry.id)
        return next(rows_of(load_registry(), self._signed(entry)), None) is not None

    def _signed(self, entry: DatasetEntry) -> DatasetEntry:
        """Return an entry as its catalogue signed it: a run's items have no person's signature."""
        if not entry.signature and Path(entry.location).is_absolute():
            with suppress(UsageError):  # it is not found any more, and stays unsigned
                for known in (match.entry for match in self.findings().matches):
                    if (known.id, known.location) == (entry.id, entry.location):
                        return entry.model_copy(update={"signature": known.signature})
        return entry

    def rows(self, source: Source, order: str) -> Sequence[SourceRow]:
        """The rows of a dataset that are used, in an order by chance; each content once.

        They are those of the lowest digests of their numbers and `order`: the same however many of
            them are requested.

        Raises:
            DatasetUnavailable: the dataset vanished, changed, or is not for this user.
        """
        key = source.dataset, order
        if key in self._rows:
            return self._rows[key]
        from targen_core.plugins.loader import load_registry
        from targen_datatune.finding import rows_of

        every = islice(rows_of(load_registry(), self._signed(source.entry)), self.spec.rows_read)
        ranked = ((_rank(order, number), number, row) for number, row in enumerate(every))
        kept = heapq.nsmallest(self.spec.rows_per_dataset, ranked, key=lambda each: each[0])
        seen: set[bytes] = set()
        rows = []
        for _, number, row in kept:
            cells = {str(name): shown(value, self.spec.cell) for name, value in row.items()}
            digest = hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).digest()
            if digest not in seen:
                seen.add(digest)
                rows.append(SourceRow(row=number, cells=cells))
        if len(self._rows) == _KEPT:
            self._rows.pop(next(iter(self._rows)))
        self._rows[key] = rows
        return rows


def _told_apart(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Matches whose ids differ: folders of one name in several places give the same ones."""
    seen: Counter[str] = Counter()
    different = []
    for match in matches:
        entry = match.entry
        seen[entry.id] += 1
        if (count := seen[entry.id]) > 1:
            entry = entry.model_copy(update={"id": f"{entry.id}#{count}"})
        different.append(replace(match, entry=entry))
    return tuple(different)


def _rank(order: str, number: int) -> bytes:
    return hashlib.blake2b(f"{order}/{number}".encode(), digest_size=8).digest()


def shown(value: Any, limit: int) -> Any:
    """Return a cell as the model sees it: whole, or visibly cut to about so many characters.

    Nested values have their texts cut first, then their lists: the result is whole JSON.
    """
    if isinstance(value, str):
        return cut(value, limit)
    if not isinstance(value, dict | list):
        return value
    whole = _cut(value, limit, limit)
    length = limit
    while len(json.dumps(whole, ensure_ascii=False)) > limit and length > _SHORTEST:
        length //= 2
        whole = _cut(value, length, max(_FEWEST, length // _SHORTEST))
    text = json.dumps(whole, ensure_ascii=False)
    return whole if len(text) <= 2 * limit else cut(text, limit)


def _cut(value: Any, length: int, items: int, deep: int = 0) -> Any:
    """A value with texts of at limit so many characters, and so many items of each list."""
    if isinstance(value, str):
        return cut(value, length)
    if isinstance(value, dict | list) and deep >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        pairs = list(value.items())
        kept = {str(name): _cut(each, length, items, deep + 1) for name, each in pairs[:items]}
        more = {"…": f"{len(pairs) - items:,} more"} if len(pairs) > items else {}
        return kept | more
    if isinstance(value, list):
        more_items = [f"… ({len(value) - items:,} more)"] if len(value) > items else []
        return [*(_cut(each, length, items, deep + 1) for each in value[:items]), *more_items]
    return value


def cut(text: str, limit: int) -> str:
    """A text of at limit so many characters, and how many were left out if some were."""
    text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair is not text
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()} … ({len(text) - limit:,} characters more)"
