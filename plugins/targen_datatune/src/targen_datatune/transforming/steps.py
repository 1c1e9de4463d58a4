"""The steps of a transformation: each is a list of the task, and the last its generator.

The steps are those of DataTune (arXiv:2404.14361, section 3). They describe the task in more
detail, retrieve and choose datasets, choose their columns, make a plan for each, and apply it to
each row.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.errors import JobFailed, UsageError
from targen_core.tasks.steps import Llm
from targen_datatune.cells import NO_DESCRIPTION
from targen_datatune.licenses import mixes, normal
from targen_datatune.retrieval import DatasetUnavailable
from targen_datatune.transforming.items import (
    Choice,
    ColumnChoice,
    Expansion,
    Plan,
    PlanReply,
    Source,
    SourceRow,
    Transformed,
)
from targen_datatune.transforming.sources import Sources, cut, shown
from targen_standard.checks.copies import similarity

if TYPE_CHECKING:
    from targen_datatune.finding import Match
    from targen_datatune.retrieval import DatasetEntry
    from targen_datatune.transforming.spec import Transform

_PROMPTS = {
    name: Prompt(name, package="targen_datatune.transforming", optional=("examples",))
    for name in ("expand", "rerank", "columns", "plan", "execute")
}
PROMPTS = tuple(_PROMPTS.values())

_EXAMPLES = 6  # shown of the task
_EXAMPLE = 3_000  # characters of all examples, in addition to the first
_SAMPLES = 3  # rows shown of a dataset
_LOOKED_AT = 20  # rows among which these are chosen
_SHORT = 24  # characters of a cell that is a class more than a text
_SAMPLE = 1_500  # characters of a cell in them
_LISTED = 250  # characters of a sample row of a dataset among many
_STEPS = (2, 12)  # of a plan


_log = logging.getLogger("targen")


class Steps:
    """The steps of one task; `row` makes an instance of an input and an output."""

    def __init__(self, spec: Transform, name: str, row: type[BaseModel]) -> None:
        self.spec = spec
        self.sources = Sources(spec, name)
        self._row = row
        self._answer = "label" if spec.labels else "output"

    # --- expand -------------------------------------------------------------

    async def expand(self, llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        """Return the description for the other steps, without a call if expansion is off."""
        await asyncio.to_thread(self.sources.findings)  # before anything is paid
        if not self.spec.expand:
            return [self.task]
        reply = await llm.ask(
            _PROMPTS["expand"],
            reply=Expansion,
            check=_described,
            task=self.task,
            examples=self.examples,
        )
        return [f"{self.task}\n\n{reply.description.strip()}"]

    @property
    def task(self) -> str:
        """Return the task in the user's words."""
        task = self.spec.instruction.strip()
        if self.spec.labels:
            outputs = ", ".join(json.dumps(label, ensure_ascii=False) for label in self.spec.labels)
            task = f"{task}\nThe output is one of: {outputs}."
        return task

    @property
    def examples(self) -> str:
        """Examples of the task, as prompts show them."""
        listed: list[str] = []
        taken = 0
        for example in self.spec.examples[:_EXAMPLES]:
            text = f"Input: {example.input}\nOutput: {example.output}"
            taken += len(text)
            if listed and taken > _EXAMPLE:
                break
            listed.append(text)
        return "\n\n".join(listed)

    # --- rerank -------------------------------------------------------------

    async def rerank(self, llm: Llm, parent: str, existing: Sequence[Source]) -> Sequence[Source]:
        """The datasets that most draws chose, the best first.

        Unreadable ones are also returned, with the reason, and do not count among
        `Transform.datasets`.
        """
        findings = await asyncio.to_thread(self.sources.findings)
        matches = {each.entry.id: each for each in findings.matches}
        max_datasets = min(
            self.spec.datasets + 2, len(matches)
        )  # some may turn out not to be readable

        def known(reply: Choice) -> None:
            for name in reply.datasets:
                if name not in matches:
                    raise Rejected("invented-dataset", f"{name!r} is not the id of a listed one")

        async def draw(number: int) -> Choice:
            listed = list(matches.values())
            llm.rng(f"draw {number}").shuffle(listed)  # the order must not decide
            return await llm.ask(
                _PROMPTS["rerank"],
                reply=Choice,
                check=known,
                task=parent,
                examples=self.examples,
                max_datasets=max_datasets,
                datasets="\n\n".join(_listed(match) for match in listed),
            )

        replies = await asyncio.gather(*map(draw, range(self.spec.draws)), return_exceptions=True)
        draws = [reply for reply in replies if isinstance(reply, Choice)]
        for failed in replies:
            if isinstance(failed, BaseException) and not (isinstance(failed, Rejected) and draws):
                raise failed
        chosen = elected([reply.datasets for reply in draws], [*matches.values()])
        if not chosen:
            none = next(reply for reply in draws if not reply.datasets)
            raise Rejected("none-suits", f"no dataset suits the task: {none.reasoning.strip()}")
        return await asyncio.to_thread(self._readable, chosen, len(draws))

    def _readable(self, chosen: Sequence[tuple[DatasetEntry, int]], draws: int) -> list[Source]:
        sources: list[Source] = []
        for entry, votes in chosen:
            if sum(not source.problem for source in sources) == self.spec.datasets:
                break
            source = self.sources.source(entry, f"{votes} of {draws}")
            clash = next((one for one in sources if not self._mixes(one, source)), None)
            if clash is not None and not source.problem:
                both = f"--license {clash.license},{source.license}"
                words = (
                    f"its licence {source.license} is not compatible with {clash.license} of "
                    f"{clash.dataset}; {both} combines them"
                )
                source = source.model_copy(update={"problem": words})
            sources.append(source)
        return sources

    def _mixes(self, one: Source, other: Source) -> bool:
        """Return whether rows of both may be in one dataset, as after naming both licences."""
        if one.problem or {one.license, other.license} <= set(map(normal, self.spec.licenses)):
            return True
        return mixes(one.license, other.license)

    # --- plan ---------------------------------------------------------------

    async def plan(self, llm: Llm, parent: Source, existing: Sequence[Plan]) -> Sequence[Plan]:
        """The columns and the plan of a dataset."""
        order = f"{llm.rng('order').randrange(1 << 32):08x}"
        try:
            every = await self._read(parent, order)
        except DatasetUnavailable as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise Rejected("unavailable", f"{error}{hint}") from error
        if not every:
            raise Rejected("no-rows", f"{parent.dataset} has no rows")
        rows = varied(every[:_LOOKED_AT], _SAMPLES)
        task = str(llm.above[0])
        columns = list(dict.fromkeys(name for row in rows for name in row.cells))
        choice = await llm.ask(
            _PROMPTS["columns"],
            reply=ColumnChoice,
            check=_of(columns),
            task=task,
            dataset=_named(parent),
            columns=", ".join(f"{name} ({_kind(rows, name)})" for name in columns),
            rows=_samples(rows, columns),
        )
        choice = _as_written(choice, columns)
        used = [n for n in columns if n in (*choice.input, *choice.output, *choice.ambiguous)]
        if not (choice.input or choice.output or choice.ambiguous):
            raise Rejected("no-columns", f"no column is of use: {choice.reasoning.strip()}")
        reply = await llm.ask(
            _PROMPTS["plan"],
            reply=PlanReply,
            check=_followable,
            task=task,
            examples=self.examples,
            dataset=_named(parent),
            rows=_samples(rows, used),
        )
        return [
            Plan(
                columns=tuple(used),
                input=tuple(choice.input),
                output=next(iter(choice.output), ""),
                steps=tuple(f"{s.action}: {' '.join(s.instruction.split())}" for s in reply.steps),
                order=order,
            )
        ]

    # --- rows ---------------------------------------------------------------

    async def rows(
        self, llm: Llm, parent: Plan, existing: Sequence[SourceRow]
    ) -> Sequence[SourceRow]:
        """The rows that are tried first; then all others, or as many again.

        Raises:
            JobFailed: the dataset, which could be read when it was planned, is unavailable.
        """
        source = llm.above[-2]
        try:
            every = await self._read(source, parent.order)
        except DatasetUnavailable as error:  # as a rejection, it would end this list for ever
            raise JobFailed(
                f"the run needs more rows, but {error}",
                hint="restore the data, then run the same command again; or start a new run "
                "with a different --out",
            ) from error
        start = 0
        if existing:
            start = next(at for at, row in enumerate(every, 1) if row.row == existing[-1].row)
        more = llm.batch if not existing else len(every)
        inputs = parent.input or parent.columns
        taken: list[SourceRow] = []
        usable = 0
        for row in every[start:]:
            cells = {name: row.cells[name] for name in parent.columns if name in row.cells}
            if all(_is_empty(cells.get(name)) for name in inputs):
                taken.append(SourceRow(row=row.row, cells={}))  # `has_input` counts it
                continue
            taken.append(SourceRow(row=row.row, cells=cells))
            usable += 1
            if usable == more:
                break
        if not existing and not usable:
            raise Rejected("no-rows", f"no row has anything in {', '.join(inputs)}")
        return taken if usable else []  # those behind the last usable one were counted with it

    async def _read(self, source: Source, order: str) -> Sequence[SourceRow]:
        return await asyncio.to_thread(self.sources.rows, source, order)

    # --- generate -----------------------------------------------------------

    async def execute(self, llm: Llm, row: SourceRow) -> BaseModel:
        """Carry out the plan on one row."""
        if len(llm.above) != 3:
            raise UsageError(
                "rows to be transformed need a plan, but --seeds does not contain one",
                hint="pass the folder of the original files as --catalogue",
            )
        task, source, plan = llm.above
        facts = {"source": source.dataset, "row": row.row, "license": source.license or "unknown"}
        llm.note(**facts)
        if lost := await asyncio.to_thread(self.sources.lost, source):
            _log.warning(
                "%s; the run continues with the rows that it read before. To use other rows, "
                "stop it and start a new run",
                lost,
            )
        reply = await llm.ask(
            _PROMPTS["execute"],
            reply=Transformed,
            check=self._usable,
            task=task,
            examples=self.examples,
            plan=plan.text,
            chance=llm.rng("chance").randrange(100),
            row=json.dumps(row.cells, ensure_ascii=False, indent=1),
        )
        if reply.input is None or reply.output is None:
            raise Rejected("of-no-use", reply.reason.strip())
        llm.note(like_source=_alike(reply.input, row))
        return self.made(reply.input, reply.output)

    def made(self, input: str, output: str) -> BaseModel:
        """An instance of the task."""
        return self._row(**{"input": input.strip(), self._answer: output.strip()})

    def _usable(self, reply: Transformed) -> None:
        """Check that a reply is a row, or gives a reason for having none.

        Raises:
            Rejected: it is neither.
        """
        if reply.input is None or reply.output is None:
            if not reply.reason.strip():
                raise Rejected("no-reason", 'input or output is null, and "reason" is empty')
        elif self.spec.labels and reply.output.strip() not in self.spec.labels:
            legal = ", ".join(map(repr, self.spec.labels))
            raise Rejected("illegal-label", f"the output {reply.output!r} is none of {legal}")


def _alike(text: str, row: SourceRow) -> int:
    """Return an input's likeness to the most similar cell, 0 to 100."""
    texts = (value for value in row.cells.values() if isinstance(value, str))
    return max((int(similarity(text, each)) for each in texts), default=0)


def _described(reply: Expansion) -> None:
    if not reply.description.strip():
        raise Rejected("no-words", "the description is empty")


def _of(columns: Sequence[str]) -> Any:
    """A check that a choice is one of these columns, each in one list."""

    def check(reply: ColumnChoice) -> None:
        reply = _as_written(reply, columns)
        chosen = [*reply.input, *reply.output, *reply.irrelevant, *reply.ambiguous]
        for name, count in Counter(chosen).items():
            if name not in columns:
                listed = ", ".join(columns)
                raise Rejected(
                    "invented-column", f"no column is called {name!r}; there is {listed}"
                )
            if count > 1:
                raise Rejected("unclear-columns", f"the column {name!r} stands in two lists")
        if len(reply.output) > 1:
            raise Rejected("unclear-columns", "there is at most one output column")

    return check


def _as_written(choice: ColumnChoice, columns: Sequence[str]) -> ColumnChoice:
    """Return a choice with the names of columns as the dataset has them.

    Models rarely repeat a space around a name, and some change its case.
    """
    alike = defaultdict(list)
    for name in columns:
        alike[name.strip().casefold()].append(name)

    def column(name: str) -> str:
        found = alike[name.strip().casefold()]
        return found[0] if name not in columns and len(found) == 1 else name

    lists = ("input", "output", "irrelevant", "ambiguous")
    return choice.model_copy(
        update={each: [column(name) for name in getattr(choice, each)] for each in lists}
    )


def _followable(reply: PlanReply) -> None:
    """Check that a plan can be carried out.

    Raises:
        Rejected: it lacks a step, or has an empty one.
    """
    low, high = _STEPS
    actions = [step.action for step in reply.steps]
    if not low <= len(actions) <= high:
        raise Rejected("no-plan", f"a plan has {low} to {high} steps, and this one {len(actions)}")
    if any(not step.instruction.strip() for step in reply.steps):
        raise Rejected("no-plan", "a step says nothing")
    for action in ("input", "output"):
        if actions.count(action) != 1:
            raise Rejected("no-plan", f'a plan has one step "{action}"')
    if actions.index("output") < actions.index("input"):
        raise Rejected("no-plan", 'the step "output" comes after the step "input"')


def elected(
    draws: Sequence[Sequence[str]], matches: Sequence[Match]
) -> list[tuple[DatasetEntry, int]]:
    """Return the datasets that most draws named, with their counts.

    A configuration is elected if more than half of the draws name it. If most draws agree on a
    dataset but not on its configuration, its most frequent configuration is elected. If they agree
    on no dataset, the most frequent one is elected. If at least half of the draws do not name a
    dataset, none is elected.
    """
    entries = {each.entry.id: each.entry for each in matches}
    ranks = {each.entry.id: each.rank for each in matches}
    if 2 * sum(not draw for draw in draws) >= len(draws):
        return []
    votes: Counter[str] = Counter()
    places: defaultdict[str, list[int]] = defaultdict(list)
    datasets: Counter[tuple[str, str]] = Counter()
    for draw in draws:
        for place, name in enumerate(dict.fromkeys(draw)):
            votes[name] += 1
            places[name].append(place)
        datasets.update({_dataset(entries[name]) for name in draw})

    def worth(name: str) -> tuple[float, ...]:
        mean = sum(places[name]) / len(places[name])
        return -datasets[_dataset(entries[name])], -votes[name], mean, ranks[name]

    ordered = sorted(votes, key=worth)
    best = {_dataset(entries[name]): name for name in reversed(ordered)}
    chosen = [
        name
        for name in ordered
        if 2 * votes[name] > len(draws)
        or (2 * datasets[d := _dataset(entries[name])] > len(draws) and best[d] == name)
    ]
    return [(entries[name], votes[name]) for name in chosen or ordered[:1]]


def _dataset(entry: DatasetEntry) -> tuple[str, str]:
    return (entry.name, "") if entry.configuration else (entry.name, entry.id)


def _listed(match: Match) -> str:
    """Return a dataset as a prompt lists it; empty lines are left out."""
    entry = match.entry
    rows = "unknown" if entry.rows is None else f"{entry.rows:,}"
    columns = ", ".join(f"{name} ({kind})" for name, kind in list(entry.columns.items())[:30])
    lines = [
        f"id: {entry.id}",
        f"description: {cut(' '.join(_described_as(entry).split()), 500)}",
        f"tags: {', '.join(entry.tags[:10])}",
        f"licence: {entry.license or 'unknown'}",
        f"rows: {rows}",
        f"columns: {columns}",
    ]
    lines = [line for line in lines if not line.endswith(": ")]
    for sample in entry.samples[:2]:
        cells = {name: shown(value, _LISTED) for name, value in sample.items()}
        lines.append(f"sample row: {cut(json.dumps(cells, ensure_ascii=False), 3 * _LISTED)}")
    return "\n".join(lines)


def _described_as(of: DatasetEntry | Source) -> str:
    """Return the authors' description of a dataset; "" if a catalogue made it from a row."""
    return "" if of.description.startswith(NO_DESCRIPTION) else of.description


def _named(source: Source) -> str:
    name = " ".join(filter(None, (source.name, source.configuration)))
    said = _described_as(source)
    return f"{name}. {said}" if said else name


def _kind(rows: Sequence[SourceRow], name: str) -> str:
    """Return the kind of values in a column, as code calls it."""
    values = (row.cells.get(name) for row in rows)
    return next((type(value).__name__ for value in values if value is not None), "empty")


def varied(rows: Sequence[SourceRow], count: int) -> list[SourceRow]:
    """Some rows that show as many values of short columns as they can, the first among them."""
    left, chosen = list(rows), list[SourceRow]()
    seen: set[tuple[str, str]] = set()
    while left and len(chosen) < count:
        best = max(left, key=lambda row: len(_short(row) - seen))  # the first of equals
        left.remove(best)
        chosen.append(best)
        seen |= _short(best)
    return chosen


def _short(row: SourceRow) -> set[tuple[str, str]]:
    cells = ((name, json.dumps(value, ensure_ascii=False)) for name, value in row.cells.items())
    return {(name, text) for name, text in cells if len(text) <= _SHORT}


def _samples(rows: Sequence[SourceRow], columns: Sequence[str]) -> str:
    return "\n".join(
        json.dumps(
            {n: shown(row.cells[n], _SAMPLE) for n in columns if n in row.cells}, ensure_ascii=False
        )
        for row in rows
    )


def _is_empty(value: Any) -> bool:
    """Return whether a cell contains no text, number or truth value, at any depth."""
    if isinstance(value, dict | list):
        return all(map(_is_empty, value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not value.strip())


def has_input(row: SourceRow) -> None:
    """Refuse a row that has nothing in the columns of inputs.

    Raises:
        Rejected: `empty-input`.
    """
    if not row.cells:
        raise Rejected("empty-input", f"row {row.row} has nothing in the columns of inputs")


def readable(source: Source) -> None:
    """Refuse a dataset that cannot be read.

    Raises:
        Rejected: `unavailable`.
    """
    if source.problem:
        raise Rejected("unavailable", f"{source.dataset}: {source.problem}")
