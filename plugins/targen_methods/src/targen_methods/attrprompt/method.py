"""AttrPrompt as a method: a task of its steps."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Prompt, Rejected, Task
from targen_core.errors import UsageError
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.made_up import sentence, words
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base, Method, MethodOptions, derived


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attribute(BaseModel):
    """A way in which rows differ."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="its name")
    question: str = Field("", description="the question that its values answer")
    depends_on_label: bool = Field(False, description="whether each label has its own values")

    @property
    def shown(self) -> str:
        """Return its text in a prompt."""
        return f"{self.name}. {self.question}" if self.question else self.name


class Attributes(BaseModel):
    """Attributes, as a model proposes them."""

    model_config = ConfigDict(frozen=True)

    attributes: tuple[Attribute, ...]


class Values(_Item):
    """All values, by attribute.

    Attributes:
        shared: those that every label has.
        of_label: those of each label, by the label's name.
    """

    shared: dict[str, tuple[str, ...]]
    of_label: dict[str, dict[str, tuple[str, ...]]]

    def traits(self, draw: Draw, label: str) -> dict[str, str]:
        """Return a value of each attribute for a row of that label: dependent ones first.

        The first that are said hold where some cannot go together.

        Each label has decks of its own, so that no value is more often with one label than with
        another. Labels take turns over the draws, so each turn also has its decks. If the other
        labels are full, one label gets all turns; its values still come up evenly.
        """
        at, turn = divmod(draw.number, len(self.of_label))
        own = self.of_label[label]
        lists = own | {name: each for name, each in self.shared.items() if name not in own}
        return {
            name: _dealt(values, at, nth, f"{draw.decks}/{label}/{turn}/{name}")
            for nth, (name, values) in enumerate(lists.items())
        }


def _dealt(values: tuple[str, ...], at: int, nth: int, deck: str) -> str:
    """Return the value at a place of a deck, which has each once before any repeats.

    Each time the deck of the nth attribute moves by n places, as in a Latin square, so that other
    pairs of values meet. After all of its turns it is shuffled.
    """
    again, place = divmod(at, len(values))
    square, row = divmod(again, len(values))
    order = random.Random(f"{deck}/{square}").sample(values, len(values))
    return order[(place + row * nth) % len(values)]


class Draw(_Item):
    """A seed: a place in the decks of values, which `Values.traits` deals from.

    Attributes:
        number: which draw it is, from 0.
        decks: what the decks are shuffled by, the same for all draws of a run.
    """

    number: int
    decks: int


class ValuesReply(BaseModel):
    """Values that a model lists."""

    values: list[str]


class Labels(BaseModel):
    """Labels that a model names."""

    labels: list[str]


_NAMES = ("attributes", "values", "similar", "overlap", "write")
_PROMPTS = {name: Prompt(name, package="targen_methods.attrprompt") for name in _NAMES}
PROMPTS = tuple(_PROMPTS.values())


class Options(MethodOptions):
    """Options of AttrPrompt; defaults are its authors', except `attributes` and `lengths`."""

    attributes: int = Field(
        4,
        ge=0,
        le=20,
        description="total number of attributes; the model proposes those that are not given",
    )
    attribute: dict[str, tuple[str, ...]] = Field(
        {}, description="your own attributes, each with its values"
    )
    values: int = Field(
        10, ge=2, le=200, description="number of values that the model lists per attribute"
    )
    similar: int = Field(
        5, ge=1, le=50, description="maximum number of similar labels to distinguish a label from"
    )
    removed: int | None = Field(
        None,
        ge=0,
        description="maximum number of values to drop because they also suit a similar label; by "
        "default 5 for rows of one text, otherwise 0",
    )
    lengths: tuple[int, ...] = Field(
        (),
        description="minimum lengths of a row's first text, in words; each row uses one of them. "
        "By default the model lists lengths that suit the dataset",
    )
    span: int = Field(
        50, ge=1, description="maximum number of words beyond the minimum in `lengths`"
    )


def drawn(above: Sequence[Any], draw: Draw, label: str) -> dict[str, str]:
    """The values of a row, by attribute."""
    values: Values = above[-1]
    return values.traits(draw, label)


class Steps:
    """The steps for one task."""

    def __init__(self, base: Base, options: Options) -> None:
        """For the rows of `base`.

        Raises:
            UsageError: the options leave no values to draw from.
        """
        if empty := [name for name, values in options.attribute.items() if not values]:
            raise UsageError(f"attribute {empty[0]} has no values")
        self.task = base.task
        self.columns: Columns = base.columns
        self.options = options
        self.own = {name: tuple(values) for name, values in options.attribute.items()}
        self.texts = ", ".join(self.columns.names)
        several = len(self.columns.texts) > 1
        # A value that suits only one label would give it away in one text of several.
        self.removed = (0 if several else 5) if options.removed is None else options.removed
        of = f"length of the {self.columns.texts[0].replace('_', ' ')}" if several else "length"
        self.length = Attribute(
            name=of,
            question="How long is it, from the shortest to the longest that there is?",
            depends_on_label=False,
        )
        self.labels = " / ".join(map(self.columns.label_words, self.task.labels))
        self.form = json.dumps(dict.fromkeys(self.columns.names, "..."))

    # --- attributes -------------------------------------------------------------

    async def attributes(
        self, llm: Llm, parent: None, existing: Sequence[Attributes]
    ) -> Sequence[Attributes]:
        """The attributes that the user has no values for, all as one item."""
        count = self.options.attributes - len(self.own)
        if count <= 0:
            return [Attributes(attributes=())]
        known = {normalized(name) for name in self.own}

        def new(reply: Attributes) -> list[Attribute]:
            found: dict[str, Attribute] = {}
            for one in reply.attributes:
                if (name := normalized(one.name)) and name not in known:
                    tidy = one.model_copy(update={"name": " ".join(one.name.split())})
                    found.setdefault(name, tidy)
            return [*found.values()][:count]

        def some(reply: Attributes) -> None:
            if not new(reply):
                raise Rejected("no-attributes", "no attribute is new")

        reply = await llm.ask(
            _PROMPTS["attributes"],
            reply=Attributes,
            check=some,
            description=self.task.description,
            texts=self.texts,
            labels=self.labels,
            count=count,
        )
        return [Attributes(attributes=tuple(new(reply)))]

    # --- values -----------------------------------------------------------------

    async def values(
        self, llm: Llm, parent: Attributes, existing: Sequence[Values]
    ) -> Sequence[Values]:
        """The values of all attributes, as one item: of some for every label, of some for each."""
        names = [label.name for label in self.task.labels]
        asked = [
            (one, name)
            for one in parent.attributes
            for name in (names if one.depends_on_label else [""])
        ]
        seen_to = {normalized(name) for name in self.own}
        if not self.options.lengths and normalized(self.length.name) not in seen_to:
            asked.append((self.length, ""))
        every = [*self.own, *dict.fromkeys(one.name for one, _ in asked)]
        lists = await asyncio.gather(
            *(
                self._listed(llm, one, name, [n for n in every if n != one.name])
                for one, name in asked
            )
        )
        shared, of_label = dict(self.own), {name: dict[str, tuple[str, ...]]() for name in names}
        for (one, name), values in zip(asked, lists, strict=True):
            (of_label[name] if name else shared)[one.name] = values
        if self.options.lengths:
            shared[self.length.name] = tuple(
                f"{fewest} to {fewest + self.options.span} words" for fewest in self.options.lengths
            )
        return [Values(shared=shared, of_label=of_label)]

    async def _listed(
        self, llm: Llm, attribute: Attribute, label: str, beside: Sequence[str]
    ) -> tuple[str, ...]:
        """The values of one attribute; with a label, those that suit no similar one as well.

        Args:
            llm: the model.
            attribute: the attribute.
            label: the label's name, or "".
            beside: the other attributes, by their names.
        """

        def some(reply: ValuesReply) -> None:
            if not _different(reply.values):
                raise Rejected("no-values", f"no value of {attribute.name} is a text")

        words = self.columns.label_words(label) if label else ""
        of = f"\nFor rows of this label only: {words}" if label else ""
        reply = await llm.ask(
            _PROMPTS["values"],
            reply=ValuesReply,
            check=some,
            description=self.task.description,
            texts=self.texts,
            attribute=f"{attribute.shown}{of}",
            beside=", ".join(beside) or "none",
            count=self.options.values,
        )
        values = _different(reply.values)[: self.options.values]
        if label and self.removed:
            others = await self._similar(llm, label)
            told = await llm.ask(
                _PROMPTS["overlap"],
                reply=ValuesReply,
                description=self.task.description,
                label=words,
                others=" / ".join(map(self.columns.label_words, others)),
                attribute=attribute.shown,
                most=self.removed,
                values=json.dumps(values, ensure_ascii=False),
            )
            unfit = {normalized(value) for value in told.values[: self.removed]}
            # A model that rejects all of them does not distinguish any.
            values = [value for value in values if normalized(value) not in unfit] or values
        return tuple(values)

    async def _similar(self, llm: Llm, label: str) -> Sequence[str]:
        """Return the labels to distinguish from a label: all others, or similar ones."""
        others = [one.name for one in self.task.labels if one.name != label]
        if len(others) <= self.options.similar:
            return others

        def legal(reply: Labels) -> None:
            if not {*reply.labels} & {*others}:
                raise Rejected("illegal-label", "none of them is another label")

        reply = await llm.ask(
            _PROMPTS["similar"],
            reply=Labels,
            check=legal,
            description=self.task.description,
            labels=", ".join(one.name for one in self.task.labels),
            label=label,
            count=self.options.similar,
        )
        named = [name for name in dict.fromkeys(reply.labels) if name in others]
        return named[: self.options.similar]

    # --- draws ------------------------------------------------------------------

    async def draws(self, llm: Llm, parent: Values, existing: Sequence[Draw]) -> Sequence[Draw]:
        """Draws for further rows."""
        decks = existing[0].decks if existing else llm.rng("decks").getrandbits(32)
        first = len(existing)
        return [Draw(number=first + at, decks=decks) for at in range(llm.batch)]

    # --- rows -------------------------------------------------------------------

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""
        names = [one.name for one in self.task.labels if one.name != label]
        others = ""
        if 0 < len(names) <= self.options.similar:
            glosses = " / ".join(map(self.columns.label_words, names))
            others = f"It must fit no other: {glosses}\n"

        async def write(llm: Llm, draw: Draw) -> BaseModel:
            row = self.columns.reply()
            values = drawn(llm.above, draw, label)

            def legal(reply: BaseModel) -> None:
                self.columns.instance(self.columns.of_row(reply), label)

            reply = await llm.ask(
                _PROMPTS["write"],
                reply=row,
                check=legal,
                description=self.task.description,
                label=self.columns.label_words(label),
                others=others,
                traits="\n".join(f"- {name}: {value}" for name, value in values.items()),
                form=self.form,
            )
            return self.columns.instance(self.columns.of_row(reply), label)

        return write

    # --- offline ----------------------------------------------------------------

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        rng, count = call.rng, self.options.values
        if call.prompt == "attributes":
            names = [words(rng, 1) for _ in range(int(call.values["count"]))]
            return {
                "attributes": [
                    {"name": name, "question": sentence(rng), "depends_on_label": bool(at % 2)}
                    for at, name in enumerate(names)
                ]
            }
        if call.prompt == "values":
            return {"values": [words(rng, 4) for _ in range(count)]}
        if call.prompt == "overlap":
            return {"values": json.loads(str(call.values["values"]))[:1]}
        if call.prompt == "similar":
            names = [one.name for one in self.task.labels if one.name != call.values["label"]]
            return {"labels": names}
        if call.prompt == "write":
            return self.columns.made_up(rng)
        return self.columns.judged(call)


def _different(values: Sequence[str]) -> list[str]:
    """Values that say something, each once."""
    tidy = {normalized(value): " ".join(value.split()) for value in reversed(values)}
    return [tidy.pop(key) for key in dict.fromkeys(map(normalized, values)) if key and key in tidy]


_BATCH = 20  # draws at a time


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=ListStep(
            name="attributes",
            item=Attributes,
            propose=steps.attributes,
            batch=1,
            once=True,
            asks=options.attributes > len(options.attribute),
            summary="ways in which rows differ",
        ),
        seeds=(
            ListStep(
                name="values",
                item=Values,
                propose=steps.values,
                batch=1,
                once=True,
                summary="values of each attribute",
            ),
            ListStep(
                name="draws",
                item=Draw,
                propose=steps.draws,
                batch=_BATCH,
                asks=False,
                key=lambda draw: str(draw.number),
                summary="the values that one row must match",
            ),
        ),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(*PROMPTS, META_PROMPT),
        seeding={"labels_per_seed": 1, "drawn": drawn},
        calls={
            "parameters": {
                "attributes": {"temperature": 1.0, "max_tokens": 400},
                "values": {"temperature": 1.0, "max_tokens": 400},
                "generate": {"temperature": 1.0, "max_tokens": 1024},
            },
            "dry_run": steps.dry_run,
        },
    )


ATTRPROMPT = Method(
    summary="generates attributes and values, then rows with values drawn at random",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"removed": 5}},
    source=(
        "AttrPrompt, arXiv:2306.15895, with our own prompts. Its authors chose attributes by hand "
        "from those that a model proposed, and drew values independently for each row. They asked "
        "for each value alone whether it suits a similar label. They had classes of single texts, "
        "and numbers of words as lengths. Here every label has all shared values equally often, so "
        "that no value gives away the label. The model lists lengths that suit the dataset. If a "
        "row has several texts, no value is dropped for suiting another label: the remaining "
        "values would give away the label in one text."
    ),
    citation="""
@inproceedings{yu2023large,
  title     = {Large Language Model as Attributed Training Data Generator: A Tale of Diversity
               and Bias},
  author    = {Yu, Yue and Zhuang, Yuchen and Zhang, Jieyu and Meng, Yu and Ratner, Alexander
               and Krishna, Ranjay and Shen, Jiaming and Zhang, Chao},
  booktitle = {Advances in Neural Information Processing Systems: Datasets and Benchmarks Track},
  year      = {2023},
  eprint    = {2306.15895}
}""",
)
