"""From a declaration to a `Task`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.correctors.blind import SOLVE_PROMPT
from targen_core.correctors.meta import META_PROMPT
from targen_core.declared.checks import (
    check_context,
    check_row,
    check_seed,
    check_written,
    no_worked_answer,
)
from targen_core.declared.dry_run import dry_run_of
from targen_core.declared.faults import faults
from targen_core.declared.model import ContextsPart, Declaration, SeedsPart
from targen_core.declared.rows import line_of, render, reply_model, row_model
from targen_core.declared.used import used_list
from targen_core.declared.wording import (
    branch_prompt,
    contexts_prompt,
    default_instructions,
    seeds_prompt,
)
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.groups import Judging, Texts
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.model import Label, Task
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import InverseGenerator, ListStep, Llm

__all__ = ["build_task"]

_TOLD = 20  # earlier items that a prompt names; more would crowd out the request


def build_task(found: Declaration, name: str) -> Task[str, BaseModel]:
    """The task that a declaration describes; `name` is taken where it has none.

    Raises:
        UsageError: parts that do not fit together, naming the key.
    """
    for loc, message, hint in faults(found):
        raise UsageError(f"{'.'.join(map(str, loc))}: {message}", hint=hint)
    row = row_model(found)
    labels = tuple(Label(name, p.value, p.definition.strip()) for name, p in found.labels.items())
    fixed = found.seeds is not None and bool(found.seeds.items)
    contexts = None if found.contexts is None or fixed else _contexts(found, found.contexts)
    seeds = () if found.seeds is None else (_seeds(found, found.seeds),)
    official = {label.name: label.official for label in labels}
    writers = {branch: branch_prompt(found, branch) for branch in found.asked}
    asked = [
        *([contexts_prompt(found)] if contexts and not (contexts.once or contexts.origin) else []),
        *([seeds_prompt(found)] if seeds and not (fixed or seeds[0].origin) else []),
    ]
    # What claims no label is not checked by the meta-prompt, but solved.
    solved = (SOLVE_PROMPT,) if None in found.aims.values() else ()
    presets = {
        preset: dict.fromkeys(found.labels, counts) if isinstance(counts, int) else counts
        for preset, counts in found.presets.items()
    }
    return Task(
        name=found.name or name,
        version="+".join(filter(None, [found.version, found.digest])),
        summary=found.summary or _first_sentence(found.description),
        description=_told(found),
        source=found.source,
        instance=row,
        labels=labels,
        contexts=contexts,
        seeds=seeds,
        generators={
            branch: _generator(found, row, aim and official[aim], writers[branch])
            for branch, aim in found.aims.items()
        },
        branch_labels=found.aims if found.branches else {},
        instances_per_call=found.instances_per_call,
        samples_per_seed=found.samples_per_seed,
        checks=(check_row(found),),
        judging=Judging(
            corrector=found.corrector,
            instructions=default_instructions(found),
            samples=_samples(found, row),
        ),
        texts=Texts(dedup_text=lambda instance: render(instance, found.written)),
        presets=presets,
        parameters={
            step: values
            for step in type(found.parameters).model_fields
            if (values := getattr(found.parameters, step))
        },
        prompts=(*asked, *writers.values(), META_PROMPT, *solved),
        dry_run=dry_run_of(found),
    )


def _first_sentence(text: str) -> str:
    first = " ".join(text.split()).partition(". ")[0].rstrip(".")
    return first if len(first) <= 80 else f"{first[:77].rstrip()}..."


def _told(found: Declaration) -> str:
    """The description, with what each label means."""
    lines = [f"{name}: {part.definition.strip()}" for name, part in found.labels.items()]
    return "\n".join([found.description.strip(), *lines])


# --- steps 1 and 2 -----------------------------------------------------------


def _contexts(found: Declaration, part: ContextsPart) -> ListStep[str]:
    if part.items:
        return _fixed(part.items, part.description)
    if part.use:
        return used_list("contexts", part.use, check=None)
    prompt = contexts_prompt(found)

    async def propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        told = "; ".join(existing[-_TOLD:]) or "none"
        wanted = list_of("contexts", line_of(2, 10, found.language), llm.batch)
        reply = await llm.ask(prompt, reply=wanted, count=llm.batch, have=told)
        return [_tidy(item) for item in reply.items if item.strip()]

    def check(context: str) -> None:
        no_worked_answer(context, prompt)
        check_context(context)

    return ListStep(
        item=str, propose=propose, batch=part.batch, check=check, summary=part.description
    )


def _seeds(found: Declaration, part: SeedsPart) -> ListStep[str]:
    if part.items:
        return _fixed(part.items, part.description)
    if part.use:
        above = found.contexts.use if found.contexts is not None else ""
        check = check_seed(found) if part.field else None
        return used_list("seeds", part.use, above=above, check=check)
    prompt = seeds_prompt(found)
    field = found.fields[part.field] if part.field else None
    least, most = (field.words if field and field.words else part.words) or (1, 60)

    async def propose(llm: Llm, context: str, existing: Sequence[str]) -> Sequence[str]:
        told = " / ".join(existing[-_TOLD:]) or "none"
        wanted = list_of("seeds", line_of(least, most, found.language), llm.batch)
        values: dict[str, Any] = {} if found.contexts is None else {"context": context}
        reply = await llm.ask(prompt, reply=wanted, count=llm.batch, have=told, **values)
        return [_tidy(item) for item in reply.items if item.strip()]

    summary = field.description if field and field.description else part.description
    return ListStep(
        item=str, propose=propose, batch=part.batch, check=check_seed(found), summary=summary
    )


def _fixed(items: tuple[str, ...], summary: str) -> ListStep[str]:
    """A list that is there already."""

    async def propose(llm: Llm, parent: Any, existing: Sequence[str]) -> Sequence[str]:
        return items

    return ListStep(item=str, propose=propose, batch=len(items), once=True, summary=summary)


# --- step 3 --------------------------------------------------------------------


def _generator(
    found: Declaration, row: type[BaseModel], label: Any, prompt: Prompt
) -> InverseGenerator[str, BaseModel]:
    """G(branch, seed): what the reply holds, with the seed and the label put in."""
    reply = reply_model(found)
    field = found.seed_field

    def made(written: BaseModel, seed: str) -> BaseModel:
        values = {name: _tidied(getattr(written, name), found, name) for name in found.written}
        given = {field: seed} if field else {}
        return row.model_validate({**values, **given, "label": label})

    async def write(llm: Llm, seed: str) -> BaseModel | Sequence[BaseModel | Rejected]:
        values: dict[str, Any] = {"seed": seed}
        if "count" in prompt.variables:
            values["count"] = found.instances_per_call
        if "earlier" in prompt.variables:
            texts = [render(instance, found.written) for instance in llm.earlier[-_TOLD:]]
            values["earlier"] = "\n".join(texts) or "nothing yet"
        if found.instances_per_call > 1:
            several: Any = await llm.ask(prompt, reply=reply, **values)
            rows: list[BaseModel | Rejected] = []
            for written in several.items[: found.instances_per_call]:
                try:
                    check_written(written, seed, found)
                    rows.append(made(written, seed))
                except Rejected as error:
                    rows.append(error)
            return rows

        def usable(written: BaseModel) -> None:
            # Not yet tidied: what stands on a line of its own is no part of a sentence.
            check_written(written, seed, found)

        return made(await llm.ask(prompt, reply=reply, check=usable, **values), seed)

    return write


def _tidied(value: Any, found: Declaration, name: str) -> Any:
    if isinstance(value, list):
        return [_tidied(item, found, name) for item in value]
    if not isinstance(value, str):
        return value
    return value.strip() if found.fields[name].form == "any" else _tidy(value)


def _tidy(text: str) -> str:
    return " ".join(text.split())


# --- step 4 ----------------------------------------------------------------------


def _samples(found: Declaration, row: type[BaseModel]) -> tuple[CorrectionSample, ...]:
    """The worked samples, each input as a row would be shown."""
    first = next(iter(found.labels))
    official = found.labels[first].value
    samples = []
    for number, sample in enumerate(found.samples):
        given = sample.input
        fields = given if isinstance(given, dict) else {next(iter(found.fields)): given}
        try:
            shown = row.model_validate({**fields, "label": first if official is None else official})
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, problem["loc"]))
            raise UsageError(f"samples.{number}.input.{where}: {problem['msg']}") from None
        samples.append(
            CorrectionSample(
                render(shown, found.fields), sample.output, sample.actual, sample.explanation
            )
        )
    return tuple(samples)
