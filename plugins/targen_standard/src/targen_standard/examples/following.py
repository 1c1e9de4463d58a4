"""Rows that are written after examples: the manner of one, a subject near that of another.

Steps 1 and 2 are replaced. Step 1 has one item, the labels of the examples. If they have none, a
model labels them, 25 per call. Step 2 numbers places, without calls. At each place, every label
pairs two of its examples, and each pair comes up once before any does again. A row that takes all
from one text repeats its frame. A row whose traits are drawn apart resembles no real text.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core.errors import Rejected
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall, RealTexts
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import InverseGenerator, ListStep, Llm
from targen_standard.examples import PER_LABEL, ExampleOptions
from targen_standard.examples.forms import length_of
from targen_standard.examples.measuring import labelled_alike, varied
from targen_standard.examples.reading import Example
from targen_standard.examples.showing import MOST, Wrapping, indented

_AT_ONCE = 25  # examples that a call labels
_PLACES = 50  # of a batch
_FEWEST = 5  # examples of a label: with fewer, its rows follow those of any label
_NAMED = 5  # labels with too few
_NONE = "none"
_LABEL = Prompt("label-examples", package="targen_standard.examples")


class LabelsOfExamples(BaseModel):
    """The item of step 1: lines of examples by label, and those whose label is not sure.

    `order` decides which examples are paired.
    """

    model_config = ConfigDict(frozen=True)

    lines: dict[str, list[int]]
    unsure: list[int]
    order: int


class _Labelled(BaseModel):
    number: int
    label: str
    sure: bool = True


class _Reply(BaseModel):
    labels: list[_Labelled]


def followed(
    task: Task[Any, Any], rows: Sequence[Example], options: ExampleOptions
) -> Task[Any, Any] | None:
    """Return the task whose rows follow its examples, if these are enough; None if it cannot."""
    if not task.following or options.shown < 2:
        return None
    by_label = labelled_alike(rows)
    labels = [label.name for label in task.labels]
    ask = by_label.keys() <= {None}
    if ask:
        used = varied(rows, MOST)
    else:
        used = [row for label in labels for row in varied(by_label[label], MOST)]
    texts = {row.line: row for row in sorted(used, key=lambda row: row.line)}
    return task.replace(
        contexts=_labels(task, texts, ask=ask),
        seeds=(_PLACES_STEP,),
        generators={
            branch: _Following(write, texts, branch, task.branches[branch], options.shown)
            for branch, write in task.following.items()
        },
        following={},
        labels_per_seed=None,
        samples_per_seed=1,
        prompts=(
            *task.prompts,
            *chain(*(getattr(write, "prompts", ()) for write in task.following.values())),
        ),
    )


def too_few(task: Task[Any, Any], rows: Sequence[Example], options: ExampleOptions) -> str:
    """Return which labels have too few examples for `followed`, in words; or ""."""
    if not task.following or options.shown < 2:
        return ""
    by_label = labelled_alike(rows)
    least = PER_LABEL
    if by_label.keys() <= {None}:
        need = least * len(task.labels)
        said = f"there are {len(rows):,}, but {need:,} are needed, {least} for each label"
        return said if len(rows) < need else ""
    counts = {label.name: len(by_label.get(label.name, ())) for label in task.labels}
    few = [f"{name} has {count}" for name, count in counts.items() if count < least]
    more = f" and {len(few) - _NAMED:,} more labels have too few" if len(few) > _NAMED else ""
    return f"{', '.join(few[:_NAMED])}{more}, but each label needs {least}" if few else ""


def _labels(
    task: Task[Any, Any], texts: Mapping[int, Example], *, ask: bool
) -> ListStep[LabelsOfExamples]:
    names = [label.name for label in task.labels]

    async def propose(
        llm: Llm, parent: None, existing: Sequence[Any]
    ) -> Sequence[LabelsOfExamples]:
        lines: dict[str, list[int]] = {name: [] for name in names}
        unsure: list[int] = []
        every = [*texts] if ask else []
        several = [every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE)]
        shown = ([indented(texts[line].text) for line in some] for some in several)
        replies = await asyncio.gather(*(_asked(llm, task, names, some) for some in shown))
        for line, said in zip(every, chain(*replies), strict=True):
            if said.label != _NONE:
                lines[said.label].append(line)
                unsure += [] if said.sure else [line]
        for line, row in texts.items() if not ask else ():
            lines[str(row.label)].append(line)
        order = llm.rng("order").randrange(10**6)
        return [LabelsOfExamples(lines=lines, unsure=unsure, order=order)]

    def dry_run(call: DryRunCall) -> Any:
        count = str(call.values["texts"]).count("\n\n") + 1
        said = [
            {"number": n, "label": names[n % len(names)], "sure": n % 3 > 0}
            for n in range(1, count + 1)
        ]
        return {"labels": said}

    return ListStep(
        item=LabelsOfExamples,
        propose=propose,
        batch=1,
        once=True,
        asks=ask,
        summary="labels of the examples",
        prompts=(_LABEL,) if ask else (),
        dry_run=dry_run if ask else None,
    )


async def _asked(
    llm: Llm, task: Task[Any, Any], names: Sequence[str], some: Sequence[str]
) -> Sequence[_Labelled]:
    """Return a model's labels of some texts; if its reply is of no use, they have none."""
    numbers = range(1, len(some) + 1)

    def usable(reply: _Reply) -> None:
        if [said.number for said in reply.labels] != [*numbers]:
            raise Rejected("wrong-count", f"there must be one item per text, 1 to {len(some)}")
        odd = next((s.label for s in reply.labels if s.label not in {*names, _NONE}), None)
        if odd is not None:
            raise Rejected("illegal-label", f"{odd!r} is not one of the labels")

    try:
        reply = await llm.ask(
            _LABEL,
            reply=_Reply,
            check=usable,
            first=names[0],
            description=task.description,
            labels=", ".join(names),
            texts="\n\n".join(f"{number}. {text}" for number, text in enumerate(some, 1)),
        )
    except Rejected:
        return [_Labelled(number=number, label=_NONE) for number in numbers]
    return reply.labels


async def _places(llm: Llm, _: Any, existing: Sequence[str]) -> Sequence[str]:
    return [str(len(existing) + more) for more in range(llm.batch)]


_PLACES_STEP = ListStep(
    item=str,
    propose=_places,
    batch=_PLACES,
    asks=False,
    summary="numbers, which decide what examples are paired",
)


class _Following(Wrapping):
    """A branch's generator, which gets a pair of examples in place of a seed."""

    def __init__(
        self,
        inner: InverseGenerator[RealTexts, Any],
        texts: Mapping[int, Example],
        branch: str,
        aim: str | None,
        shown: int,
    ) -> None:
        super().__init__(inner)
        self._texts = texts
        self._branch = branch
        self._aim = aim
        self._shown = shown

    async def __call__(self, llm: Llm, seed: str) -> Any:
        """See `InverseGenerator`."""
        known: LabelsOfExamples = llm.above[0]
        place = int(seed)
        own = known.lines.get(str(self._aim), [])
        is_own = len(own) >= _FEWEST
        mine = own if is_own else [*self._texts]
        leads = [*mine]
        random.Random(f"{known.order} {self._branch}").shuffle(leads)
        turn, at = divmod(place, len(leads))
        manner = leads[at]
        subject = leads[(at + 1 + turn % (len(leads) - 1)) % len(leads)]
        others = [line for line in mine if line not in (manner, subject)]
        random.Random(f"{known.order} {self._branch} {place}").shuffle(others)
        if not is_own:
            others.sort(key=lambda line: line not in own)
        llm.note(manner=manner, subject=subject)
        return await self._inner(
            llm,
            RealTexts(
                self._text(manner),
                self._text(subject),
                [self._text(line) for line in others[: self._shown - 2]],
                length_of(self._texts[manner].text),
                own_label=is_own,
            ),
        )

    def _text(self, line: int) -> str:
        return indented(self._texts[line].text)
