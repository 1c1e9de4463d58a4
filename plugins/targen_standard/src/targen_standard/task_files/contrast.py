"""Contrast sets: how a declaration without steps of its own makes rows, many from each call.

Step 2 lists, for each label, the ways in which real texts say it, with shares: the instance seeds.
Step 3 writes sets of rows that are alike in all but the label (contrast sets, Gardner et al. 2020,
arXiv:2004.02709). So a model sees all rows of a call, and what it varies does not depend on the
label. Step 4 judges the rows of a call together, in random order and without their labels.
"""

from __future__ import annotations

import asyncio
import json
import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from targen_core.engine.quotas import in_shares
from targen_core.tasks.groups import Judging
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import list_of, one_of
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.correctors.together import TOGETHER, Draft, Judged
from targen_standard.refilling import rows_to_request
from targen_standard.task_files.checks import RowCheck, check_written
from targen_standard.task_files.dry_run import made_up_row
from targen_standard.task_files.lengths import tokens_of_row
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.prompt_text import fields_of, form_of_reply
from targen_standard.task_files.rows import field_types, model_of, texts_in

_WAYS, _SETS, _JUDGE = (
    Prompt(name, package="targen_standard.task_files") for name in ("ways", "sets", "judge")
)
_ROWS = 24  # of a call
_LABELS = 6  # of a call: with more, a set is a list of labels
_LISTED = 10  # labels whose ways one call lists
_WAYS_MOST, _WAYS_LEAST = 16, 5
_PER_WAY = 6  # rows
_TOKENS = 160  # of a row, unless its texts may be longer
_MOST_TOKENS = 4096  # of a reply
_TRIES = 20  # per label, for a made-up row of it
_OWN_STEPS = frozenset(
    "branches contexts seeds dimensions prompts instances_per_call output samples_per_seed "
    "generators".split()
)


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Item):
    """An instance seed: a way in which texts say a label, and its share in percent."""

    way: str
    share: float = Field(ge=0)


class Round(_Item):
    """Rows to request: all of them at first, and later those that replace rejected rows.

    Attributes:
        number: which it is, from 0.
        rows: how many of each label.
    """

    number: int
    rows: dict[str, int]


class Ways(_Item):
    """The ways of each label of a round; a row's provenance has those of its call."""

    ways: dict[str, list[Way]] = Field(exclude=True)


class Sets(_Item):
    """A call for sets of rows.

    Attributes:
        number: which of the round's calls it is, from 0.
        ways: for each label, the ways of its rows, and how many rows each gets.
    """

    number: int
    ways: dict[str, dict[str, int]]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The rows of each label."""
        return {label: sum(ways.values()) for label, ways in self.ways.items()}


class Drafts(_Item):
    """The rows of a call, in random order.

    Attributes:
        number: of the call.
        drafts: its rows.
    """

    number: int
    drafts: list[Draft] = Field(exclude=True)


def has_own_steps(declaration: Declaration) -> bool:
    """Return whether a declaration describes steps 1 to 3 itself, with one row per call."""
    named = {branch.prompt for branch in declaration.asked.values()} - {""}
    named |= declaration.parameters.contexts.keys()
    return bool(named or _OWN_STEPS & declaration.model_fields_set)


def with_contrast_sets(task: Task[Any, Any], declaration: Declaration) -> Task[Any, Any]:
    """Return a declared task that writes contrast sets; the variant `paper` is the task itself."""
    steps = _Steps(declaration, task)
    rounds = ListStep(
        name="rounds",
        item=Round,
        propose=steps.rounds,
        batch=1,
        asks=False,
        told_rows=True,
        summary="rows that are missing",
    )
    seeds = ListStep(
        name="seeds",
        item=Ways,
        propose=steps.seeds,
        batch=1,
        once=True,
        summary="ways in which texts say each label",
    )
    lists = (
        seeds,
        ListStep(
            name="sets",
            item=Sets,
            propose=steps.sets,
            batch=_ROWS,
            once=True,
            asks=False,
            summary="sets of rows to write",
        ),
        ListStep(
            name="generate",
            item=Drafts,
            propose=steps.rows,
            batch=1,
            once=True,
            summary="rows of all labels, from one call",
        ),
        ListStep(
            name="correct",
            item=Judged,
            propose=steps.judge,
            batch=1,
            once=True,
            summary="verdicts on the rows of a call",
        ),
        ListStep(
            name="drafts",
            item=Draft,
            propose=steps.drafts,
            batch=_ROWS,
            once=True,
            asks=False,
            key=_number,  # the run itself tells which rows repeat others
            summary="rows, one by one",
        ),
    )

    judging: Judging[Any] = task.judging
    own = declaration.parameters
    wide = {"max_tokens": _MOST_TOKENS, "temperature": 1.0}
    changes: dict[str, Any] = {
        "contexts": rounds,
        "seeds": lists,
        "generators": {label.name: steps.writer(label.name) for label in task.labels},
        "dimensions": (),
        "seeding": {"labels_per_seed": None, "seed_branch": _label, "balanced_draws": False},
        "checks": (_DraftCheck(declaration),),
        "judging": {"corrector": "together"} if judging.corrector == "meta" else {},
        "prompts": (_WAYS, _SETS, _JUDGE, *task.prompts),
        "calls": {
            "parameters": {
                "seeds": wide | own.seeds,
                "generate": wide | own.generate,
                "correct": own.correct,
            },
            "dry_run": steps.dry_run,
        },
    }

    def with_examples(texts: Sequence[str]) -> Mapping[str, Any]:
        shown = replace(seeds, propose=_Steps(declaration, task, texts).seeds)
        return {**changes, "seeds": (shown, *lists[1:])}

    before = {name: getattr(task, name) for name in (*changes, "texts")}
    paper = replace(task.variants["paper"], changes=before)
    return task.replace(
        **changes,
        variants={"paper": paper},
        texts={"with_examples": with_examples},
    )


def _number(draft: Draft) -> str:
    return str(draft.number)


def _judged_before(samples: Sequence[CorrectionSample]) -> str:
    """Return a declaration's worked samples as a paragraph, or ""."""
    lines = []
    for sample in samples:
        instead = "" if sample.output == sample.actual else f", not {sample.output}"
        lines.append(f"- {sample.input}: {sample.actual}{instead}. {sample.explanation}")
    return "\n".join(["\nThese were judged before:", *lines, ""]) if lines else ""


def _label(above: Sequence[Any], draft: Draft) -> str:
    return draft.label


@dataclass(frozen=True, slots=True)
class _DraftCheck(RowCheck):
    """The check of rows that come from drafts, not from seeds."""

    def __call__(self, row: BaseModel, draft: object, /) -> None:
        """See `RowCheck`."""
        self.without_seed(row)


class _Steps:
    """The steps of one declaration."""

    def __init__(
        self, declaration: Declaration, task: Task[Any, Any], examples: Sequence[str] = ()
    ) -> None:
        self.declaration = declaration
        self.labels = [label.name for label in task.labels]
        self.official = {label.name: label.official for label in task.labels}
        self.row = task.instance
        self.other_calls = task.calls.dry_run  # of the correctors
        listed = "".join(f"- {text}\n" for text in examples)
        self.examples = f"These are real ones:\n{listed}\n" if listed else ""
        named = "fields" in declaration.model_fields_set
        self.fields = f"\nEach row has these fields:\n{fields_of(declaration)}\n" if named else ""
        form = form_of_reply(declaration)
        (name, *others) = form
        self.single = name if not others and form[name] == "..." else ""
        self.form = "..." if self.single else form
        self.tokens = max(_TOKENS, tokens_of_row(declaration, guess=False))  # of a row
        self.most = max(1, min(_ROWS, _MOST_TOKENS // self.tokens))  # rows of a call
        # A class takes milliseconds to make, and most calls have the same.
        self.sets_of, self.verdicts_of = cache(self._sets_of), cache(self._verdicts_of)

    def _room(self, step: str, tokens: int) -> dict[str, int]:
        """Return the tokens that a reply may have, unless the file says it."""
        own: dict[str, Any] = getattr(self.declaration.parameters, step)
        return {} if "max_tokens" in own else {"max_tokens": tokens}

    async def rounds(self, llm: Llm, parent: None, existing: Sequence[Round]) -> Sequence[Round]:
        """Return a round for all rows that are still missing."""
        rows = rows_to_request(llm, [before.rows for before in existing])
        rows = {label: count for label, count in rows.items() if count}
        return [Round(number=len(existing), rows=rows)]

    async def seeds(self, llm: Llm, parent: Round, existing: Sequence[Ways]) -> Sequence[Ways]:
        """Return the ways of a round's labels."""
        labels, ways = [*parent.rows], dict[str, list[Way]]()
        most = max(parent.rows.values())
        count = min(_WAYS_MOST, max(_WAYS_LEAST, math.ceil(most / _PER_WAY)))
        parts = [labels[at : at + _LISTED] for at in range(0, len(labels), _LISTED)]
        for some in await asyncio.gather(*(self._ways(llm, part, count) for part in parts)):
            ways |= some
        return [Ways(ways=ways)]

    async def _ways(self, llm: Llm, labels: Sequence[str], count: int) -> dict[str, list[Way]]:
        shape: dict[str, Any] = {
            f"label_{at}": (list[Way], Field(alias=label, min_length=1))
            for at, label in enumerate(labels)
        }
        form = {label: [{"way": "...", "share": 30}] for label in labels}
        reply = await llm.ask(
            _WAYS,
            reply=create_model("Ways", **shape),
            sampling=self._room("seeds", min(_MOST_TOKENS, 256 + 40 * count * len(labels))),
            description=llm.task.description,
            examples=self.examples,
            labels=", ".join(labels),
            count=count,
            form=json.dumps(form, ensure_ascii=False),
        )
        return {label: getattr(reply, f"label_{at}") for at, label in enumerate(labels)}

    async def sets(self, llm: Llm, parent: Ways, existing: Sequence[Sets]) -> Sequence[Sets]:
        """Return the calls of a round: labels in groups, rows of a label spread over its ways."""
        asked: Round = llm.above[0]
        labels = [*asked.rows]
        size = math.ceil(len(labels) / math.ceil(len(labels) / min(_LABELS, self.most)))
        calls: list[Sets] = []
        for start in range(0, len(labels), size):
            group = labels[start : start + size]
            left = {label: _units(parent.ways[label], asked.rows[label]) for label in group}
            while left:
                fewest = min(map(len, left.values()))
                each = math.ceil(fewest / math.ceil(fewest / (self.most // len(left))))
                ways = {label: dict(Counter(units[:each])) for label, units in left.items()}
                calls.append(Sets(number=len(calls), ways=ways))
                left = {label: units[each:] for label, units in left.items() if units[each:]}
        return calls

    async def rows(self, llm: Llm, parent: Sets, existing: Sequence[Drafts]) -> Sequence[Drafts]:
        """Return the rows of a call."""
        labels, count = [*parent.ways], max(parent.rows.values())
        definitions = {name: part.definition for name, part in self.declaration.labels.items()}
        ways = []
        for label, counts in parent.ways.items():
            guidance = self.declaration.labels[label].guidance
            ways.append(" ".join(filter(None, [f"{label}: {definitions[label]}", guidance])))
            ways += [f"- {way} ({rows})" for way, rows in counts.items()]
        reply = await llm.ask(
            _SETS,
            reply=self.sets_of(tuple(labels), count),
            sampling=self._room("generate", 256 + count * len(labels) * self.tokens),
            description=llm.task.description,
            count=count,
            fields=self.fields,
            ways="\n".join(ways),
            form=json.dumps({"sets": [dict.fromkeys(labels, self.form)]}, ensure_ascii=False),
        )
        written = [
            (label, self._values(getattr(one, f"label_{at}")))
            for at, label in enumerate(labels)
            for one in reply.items[: parent.rows[label]]
        ]
        llm.rng("order").shuffle(written)
        drafts = [
            Draft(number=number, label=label, row=row)
            for number, (label, row) in enumerate(written, 1)
        ]
        return [Drafts(number=parent.number, drafts=drafts)]

    def _sets_of(self, labels: tuple[str, ...], count: int) -> Any:
        """Return the reply with so many sets of a row for each label."""
        types: dict[str, Any] = field_types(self.declaration)
        fields: dict[str, Any] = {name: (kind, ...) for name, kind in types.items()}
        one = types[self.single] if self.single else model_of("Fields", fields)
        shape: dict[str, Any] = {
            f"label_{at}": (one, Field(alias=label)) for at, label in enumerate(labels)
        }
        return list_of("sets", create_model("Set", **shape), count)

    def _values(self, written: Any) -> dict[str, Any]:
        if self.single:
            return {self.single: written}
        values: dict[str, Any] = written.model_dump(mode="json")
        return values

    async def judge(self, llm: Llm, parent: Drafts, existing: Sequence[Judged]) -> Sequence[Judged]:
        """Return the verdicts on the rows of a call, without a call if step 4 is another."""
        names = [draft.label for draft in parent.drafts]
        if llm.task.judging.corrector is not TOGETHER:
            return [Judged(number=parent.number, drafts=parent.drafts, labels=names)]

        shown = [self._shown(draft.row) for draft in parent.drafts]
        reply: Any = await llm.ask(
            _JUDGE,
            reply=self.verdicts_of(len(names)),
            sampling=self._room("correct", 256 + 16 * len(names)),
            instructions=llm.task.judging.instructions,
            samples=_judged_before(llm.task.judging.samples),
            rows="\n".join(f"{at}. {text}" for at, text in enumerate(shown, 1)),
            example=self.labels[0],
        )
        said = [getattr(reply.labels, f"row_{at}") for at in range(1, len(names) + 1)]
        said = [label if label in self.labels else "" for label in said]
        return [Judged(number=parent.number, drafts=parent.drafts, labels=said)]

    def _verdicts_of(self, rows: int) -> type[BaseModel]:
        """Return the reply with a label for each row, in a form that strict schemas allow."""
        options = one_of([*dict.fromkeys([*self.labels, "none"])])
        label = TypeAliasType("Label", options)  # type: ignore[misc]
        shape: dict[str, Any] = {
            f"row_{at}": (label, Field(alias=str(at))) for at in range(1, rows + 1)
        }
        return create_model("Labels", labels=(create_model("Verdicts", **shape), ...))

    def _shown(self, row: Mapping[str, Any]) -> str:
        """A row as JSON, or its only text: one line, so that no row can look like two."""
        return json.dumps(row[self.single] if self.single else row, ensure_ascii=False)

    async def drafts(self, llm: Llm, parent: Judged, existing: Sequence[Draft]) -> Sequence[Draft]:
        """Return the rows one by one."""
        return parent.drafts

    def writer(self, label: str) -> Any:
        """Return the function that takes a draft as a row of a label."""

        async def write(llm: Llm, draft: Draft) -> BaseModel:
            written = self.row.model_construct(**draft.row)
            check_written(written, None, self.declaration)
            values = texts_in(written, "", self.declaration)
            row: BaseModel = self.row.model_validate({**values, "label": self.official[label]})
            return row

        return write

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        if call.prompt == "ways":
            labels, count = json.loads(str(call.values["form"])), int(call.values["count"])
            return {
                label: [{"way": f"way {at + 1}", "share": 100 // count} for at in range(count)]
                for label in labels
            }
        if call.prompt == "sets":
            form, count = json.loads(str(call.values["form"])), int(call.values["count"])
            labels = form["sets"][0]
            return {
                "sets": [{name: self._made_up(call, name) for name in labels} for _ in range(count)]
            }
        if call.prompt == "judge":
            rows = str(call.values["rows"]).splitlines()
            texts = [json.loads(row.partition(". ")[2]) for row in rows]
            return {"labels": {str(at): self._said_of(text) for at, text in enumerate(texts, 1)}}
        return self.other_calls(call) if self.other_calls else {}

    def _made_up(self, call: DryRunCall, label: str) -> Any:
        """Return a made-up row that the dry run's judge takes for one of the label."""
        for _ in range(_TRIES * len(self.labels)):
            row = made_up_row(self.declaration, call)
            said = row[self.single] if self.single else row
            if self._said_of(said) == label:
                break
        return said

    def _said_of(self, row: Any) -> str:
        """Return the label that the dry run's judge gives to a row."""
        text = json.dumps(row, sort_keys=True)
        return self.labels[zlib.crc32(text.encode()) % len(self.labels)]


def _units(ways: Sequence[Way], rows: int) -> list[str]:
    """Return a way for each of a label's rows, by their shares; neighbours are of one way.

    Common and rare ways alternate.
    """
    shares = {at: Fraction(max(way.share, 0.5)) for at, way in enumerate(ways)}
    counts = in_shares(rows, shares)
    calls = max(1, math.ceil(rows * 2 / _ROWS))
    order = [at for start in range(calls) for at in range(start, len(ways), calls)]
    return [ways[at].way for at in order for _ in range(counts[at])]
