"""CoDa as a method: a task of its steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected, Task
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_core.plugins.loader import load_registry
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_core.text import plural
from targen_methods.coda.constraints import (
    Alternatives,
    Constraints,
    Group,
    Options,
    Reading,
    Recipe,
    Recipes,
    Row,
    Summary,
    has_word,
)
from targen_methods.copies import Copies
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.embedding import Encode
from targen_standard.made_up import sentence, word, words
from targen_standard.methods.model import Base, Method, derived
from targen_standard.pretrained import spacy_pipeline


def _hint() -> str:
    return f"{install('targen-methods[syntax]')}, and install a pipeline such as en_core_web_sm"


@cache
def tagger(name: str) -> Callable[[str], str]:
    """Return a function for the coarse parts of speech of a text: "DET NOUN VERB".

    Args:
        name: an installed pipeline, or its folder, as `./NAME`.

    Raises:
        UsageError: spaCy or the pipeline is not installed, or it knows no parts of speech.
    """
    try:
        pipeline = spacy_pipeline(name)
    except ModuleNotFoundError as error:
        raise UsageError(
            "syntax needs the package spacy, which is not installed", hint=_hint()
        ) from error
    except UsageError:
        raise
    except (OSError, ValueError, AttributeError, TypeError) as error:  # whatever a folder holds
        raise UsageError(
            f"syntax: the spaCy pipeline {name} is not installed", hint=_hint()
        ) from error

    def tags(text: str) -> str:
        return " ".join(token.pos_ for token in pipeline(text) if token.pos_)

    if not tags("The old dog sleeps."):
        raise UsageError(
            f"syntax: the spaCy pipeline {name} does not tag parts of speech",
            hint="use en_core_web_sm",
        )
    return tags


_NAMES = ("alternatives", "summary", "write")
_PROMPTS = {name: Prompt(name, package="targen_methods.coda") for name in _NAMES}
PROMPTS = tuple(_PROMPTS.values())

_RUNAWAY = 2  # times the most words: such a text goes round in circles
_ALTERNATIVE = 3  # maximum number of words that may replace one


class Steps:
    """The steps for one task."""

    def __init__(
        self, base: Base, options: Options, encode: Encode, tags: Callable[[str], str] | None
    ) -> None:
        """For the rows of `base`.

        Args:
            base: a task with given rows.
            options: the user's.
            encode: embeds words and texts.
            tags: gives the parts of speech of a text, if they are a constraint.

        Raises:
            UsageError: the options make no row of a given one.
        """
        self.columns = base.columns
        # A pair's label depends on its first text, which has no relation to another row's words.
        self.mixes = 0 if self.columns.first else options.mix
        self.forms = options.solo + self.mixes
        if not self.forms:
            pair = " (pairs are not mixed)" if options.mix else ""
            raise UsageError(f"solo=0 does not generate any rows{pair}", hint="use solo=1 or more")
        self.task = base.task
        self.options = options
        self.form = json.dumps({self.columns.last: "..."})
        unsaid = {"syntax": tags is None, "concept": True, "other words": not options.alternatives}
        self.left_out = ", ".join(name for name, left in unsaid.items() if left)
        self._given = base.given
        self._encode = encode
        self._tags = tags

    # --- given rows -------------------------------------------------------------

    @cached_property
    def constraints(self) -> Constraints:
        """The given rows, read where a step first needs them."""
        rows: dict[str, list[Row]] = {}
        for number, instance in enumerate(self._instances):
            values = self.columns.of_row(instance)
            rows.setdefault(self.task.quota_of(instance), []).append(
                Row(number=number, values=values)
            )
        return Constraints(self.columns, self.options, rows, self._encode, self._tags)

    @cached_property
    def _instances(self) -> Sequence[BaseModel]:
        assert self._given is not None  # the method has given="required"
        return self._given()

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self.columns, self._instances)

    async def groups(self, llm: Llm, parent: None, existing: Sequence[Group]) -> Sequence[Group]:
        """Given rows, one of each label that has some, in their order.

        Those of a label with fewer come again, each at most as often as it makes new rows.
        """
        by_label = self.constraints.rows
        start = len(existing)
        return [
            Group(
                number=number,
                of_label={
                    name: rows[number % len(rows)]
                    for name, rows in by_label.items()
                    if number // len(rows) < self.forms
                },
            )
            for number in range(start, min(start + llm.batch, self._groups))
        ]

    def most(self) -> dict[str, int]:
        """Rows of each label that the given ones make at most."""
        rows = self.constraints.rows
        return {
            label.name: self.forms * len(rows.get(label.name, ())) for label in self.task.labels
        }

    @property
    def _groups(self) -> int:
        return max(map(len, self.constraints.rows.values()))

    def _use(self, group: int, number: int, label: str) -> int:
        """The how-manieth new row of a given one it is, from 0, that a seed of a group makes.

        The seeds of this number of all groups come before any of the next number.
        """
        round_, place = divmod(group, count := len(self.constraints.rows[label]))
        rounds = -(-(self._groups - place) // count)  # groups that have the given row
        return number * rounds + round_

    # --- a model's findings about them ------------------------------------------

    async def read(self, llm: Llm, parent: Group, existing: Sequence[Reading]) -> Sequence[Reading]:
        """Other words for those kept of each row, and what it is about; "" if that fails."""
        rows = parent.of_label
        summaries = [self._summary(llm, row) for row in rows.values() if self.mixes]
        others = [
            self._alternatives(llm, name, row)
            for name, row in rows.items()
            if self.options.alternatives
        ]
        said: list[Any] = await asyncio.gather(*summaries, *others, return_exceptions=True)
        for reply in said:
            if isinstance(reply, BaseException) and not isinstance(reply, Rejected):
                raise reply
        good = [None if isinstance(reply, Rejected) else reply for reply in said]
        by_label = dict(zip(rows, good[: len(summaries)], strict=False))
        words_of = dict(zip(rows, good[len(summaries) :], strict=False))
        return [
            Reading(
                summaries={name: by_label.get(name) or "" for name in rows},
                alternatives={name: words_of.get(name) or {} for name in rows},
            )
        ]

    async def _summary(self, llm: Llm, row: Row) -> str:
        def says(reply: Summary) -> None:
            if not normalized(reply.summary):
                raise Rejected("empty-text", "the summary is empty")

        text = self.constraints.text(row)
        reply = await llm.ask(_PROMPTS["summary"], reply=Summary, check=says, text=text)
        return " ".join(reply.summary.split()).rstrip(".")

    async def _alternatives(self, llm: Llm, label: str, row: Row) -> dict[str, str]:
        """For kept words another that the text does not have."""
        kept = {one.casefold(): one for one in self.constraints.all_kept(label, row)}
        if len(kept) < 2:
            return {}  # another word for a single one is not used
        text = self.constraints.text(row)
        reply = await llm.ask(
            _PROMPTS["alternatives"],
            reply=Alternatives,
            text=text,
            words=", ".join(kept.values()),
        )
        found: dict[str, str] = {}
        for one in reply.alternatives:
            named, other = kept.get(one.word.strip().casefold()), " ".join(one.other.split())
            fits = 0 < len(other.split()) <= _ALTERNATIVE and normalized(other)
            if named is not None and fits and not has_word(text, other):
                found.setdefault(named, other)
        return found

    # --- recipes ----------------------------------------------------------------

    async def recipes(
        self, llm: Llm, parent: Group | Reading, existing: Sequence[Recipes]
    ) -> Sequence[Recipes]:
        """Return the constraints of a group's new rows, starting with the row's own."""
        group: Group = llm.above[0]
        reading = parent if isinstance(parent, Reading) else None
        return [
            Recipes(
                number=number,
                of_label={
                    name: self._recipe(llm, use, name, row, reading)
                    for name, row in group.of_label.items()
                    if (use := self._use(group.number, number, name)) < self.forms
                },
            )
            for number in range(self.forms)
        ]

    def _place(self, number: int) -> int:
        """Return how near the row is that a form is mixed with; 0 or less without one."""
        return number - self.options.solo + 1

    def _recipe(
        self, llm: Llm, number: int, label: str, row: Row, reading: Reading | None
    ) -> Recipe:
        rng, constraints = llm.rng(f"{label}/{number}"), self.constraints
        if (place := self._place(number)) > 0:
            source = constraints.nearest(label, row, place)
            said = reading.summaries[label] if reading is not None else ""
            form = f"mix {place}"
            return constraints.recipe(rng, label, row, form=form, source=source, summary=said)
        others = reading.alternatives[label] if reading is not None else None
        return constraints.recipe(rng, label, row, use=number, alternatives=others)

    # --- rows -------------------------------------------------------------------

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""
        name = self.columns.last

        async def write(llm: Llm, recipes: Recipes) -> BaseModel:
            recipe = recipes.of_label.get(label)
            if recipe is None and label in self.constraints.rows:
                count = len(self.constraints.rows[label])
                raise Rejected(
                    "no-given-row",
                    f"{plural(count, 'given row')} of {label}, {self.forms} new ones of each",
                )
            if recipe is None:
                raise UsageError(
                    f"the given rows do not contain the label {label}",
                    hint=f"give rows with this label, or ask for 0 rows: --label {label}=0",
                )
            llm.note(form=recipe.form, given_row=recipe.given, constraints_of_row=recipe.source)
            llm.note(left_out=self.left_out)

            def made(reply: BaseModel) -> BaseModel:
                values = {**recipe.kept, name: getattr(reply, name)}
                instance = self.columns.instance(values, label, as_they_are=tuple(recipe.kept))
                self._copies.refuse(instance)
                if (count := len(values[name].split())) > _RUNAWAY * recipe.high:
                    raise Rejected(
                        "too-long", f"{count} words, but at most {recipe.high} were requested"
                    )
                return instance

            reply = await llm.ask(
                _PROMPTS["write"],
                reply=self.columns.reply([name]),
                check=lambda reply: (made(reply), None)[1],
                description=self.task.description,
                rows=self.constraints.rows_of(label, recipe),
                opening=self.constraints.opening(recipe),
                constraints=self.constraints.listed(label, recipe),
                form=self.form,
            )
            instance = made(reply)
            llm.note(**_held(recipe, self.columns.of_row(instance)[name]))
            return instance

        return write

    # --- offline ----------------------------------------------------------------

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        rng = call.rng
        if call.prompt == "alternatives":
            asked = str(call.values["words"]).split(", ")
            return {"alternatives": [{"word": one, "other": word(rng)} for one in asked]}
        if call.prompt == "summary":
            return {"summary": words(rng, 5)}
        if call.prompt == "write":
            return {self.columns.last: sentence(rng)}
        return self.columns.judged(call)


def _held(recipe: Recipe, text: str) -> dict[str, int | bool]:
    """Return which constraints a text holds."""
    words = [
        any(has_word(text, one) for one in (word, recipe.alternatives.get(word, word)))
        for word in recipe.words
    ]
    return {
        "words_asked": len(words),
        "words_held": sum(words),
        "excluded_held": not any(has_word(text, word) for word in recipe.excluded),
        "length_held": recipe.low <= len(text.split()) <= recipe.high,
    }


_BATCH = 500  # groups of given rows that are used before any is used again


def _embedder(name: str) -> tuple[str, Encode]:
    """Return an embedder's id and function.

    Raises:
        UsageError: the embedder is unknown, or lacks something.
    """
    registry = load_registry()
    found = registry.find("embedder", name)
    return found.id, registry.resolve(found).open()


def _task(base: Base, options: Options) -> Task[Any, Any]:
    embedder, encode = _embedder(options.embedder)
    steps = Steps(base, options, encode, tagger(options.syntax) if options.syntax else None)
    asks = options.alternatives or steps.mixes > 0
    reads = ListStep(
        name="read",
        item=Reading,
        propose=steps.read,
        batch=1,
        once=True,
        summary="alternatives for a given row's words, and its subject",
    )
    recipes = ListStep(
        name="recipes",
        item=Recipes,
        propose=steps.recipes,
        batch=steps.forms,
        once=True,
        asks=False,
        key=lambda recipes: str(recipes.number),
        summary="the constraints that one row must satisfy",
    )
    return derived(
        base,
        contexts=ListStep(
            name="given",
            item=Group,
            propose=steps.groups,
            batch=_BATCH,
            asks=False,
            key=lambda group: str(group.number),
            summary="given rows, one of each label",
        ),
        seeds=(reads, recipes) if asks else (recipes,),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(*PROMPTS, META_PROMPT),
        seeding={"most": steps.most},
        calls={
            "parameters": {
                **({"read": {"temperature": 0.5, "max_tokens": 400}} if asks else {}),
                "generate": {"temperature": 0.5, "max_tokens": 512},
            },
            "dry_run": steps.dry_run,
        },
        about={"based_on": (embedder, *base.task.about.based_on)},
    )


CODA = Method(
    summary="generates rows that satisfy constraints taken from given rows",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"embedder": "minilm"}, "targen": {"solo": 1, "mix": 0}},
    given="required",
    source=(
        "CoDa, arXiv:2404.00415, with our own prompts. Its authors took substitutes for words "
        "from a masked language model; here the model that writes proposes them. They "
        "chose the words to keep by MiniLM, as the settings `paper` do. The default "
        "embedder, `words`, mostly chooses words that few given rows have. A name is one word, and "
        "each further row of a given one keeps other words. Pairs have short last texts, so at "
        "most half of their words are kept. In a mix, words of the "
        "nearest row have no alternatives. In a pair, the model rewrites the last text and keeps "
        "the first, and pairs are not mixed. Parts of speech are left out unless the option syntax "
        "names a pipeline. The concept that a model named is left out, as in the authors' "
        "own pipeline. Near copies of given rows are dropped, and texts of more than twice "
        "the most words. Given rows are not among the rows. The "
        "settings `targen` make one new row of each, as TarGEN's authors say of CoDa."
    ),
    citation="""
@inproceedings{evuru2024coda,
  title     = {{CoDa}: Constrained Generation based Data Augmentation for Low-Resource {NLP}},
  author    = {Evuru, Chandra Kiran Reddy and Ghosh, Sreyan and Kumar, Sonal and S, Ramaneswaran
               and Tyagi, Utkarsh and Manocha, Dinesh},
  booktitle = {Findings of the Association for Computational Linguistics: NAACL 2024},
  year      = {2024},
  eprint    = {2404.00415}
}""",
)
