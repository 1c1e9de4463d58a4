"""From a declaration to a `Task`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.errors import Rejected, UsageError
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts, Uses
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Label, Variant
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import InverseGenerator, ListStep, Llm
from targen_core.text import refused
from targen_standard.checks.prose import phrase
from targen_standard.correctors.blind import SOLVE_PROMPT
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.task_files.checks import (
    RowCheck,
    check_seed,
    check_written,
    no_worked_answer,
)
from targen_standard.task_files.contrast import has_own_steps, with_contrast_sets
from targen_standard.task_files.dimensions import dimensions_of
from targen_standard.task_files.dry_run import dry_run_of
from targen_standard.task_files.lengths import lengths_of_rows, lengths_of_seeds, tokens_of
from targen_standard.task_files.model import ContextsPart, Declaration, FieldPart, SeedsPart
from targen_standard.task_files.output_steps import with_output
from targen_standard.task_files.prompt_text import (
    branch_prompt,
    contexts_prompt,
    default_instructions,
    seeds_prompt,
)
from targen_standard.task_files.rows import (
    line_of,
    render,
    reply_model,
    row_model,
    texts_in,
    tidied,
    tidy,
    values_of,
)

_SHOWN = 20  # earlier items that a prompt names; more would crowd out the request
_LONGEST = 20  # words of a context


def build_task(declaration: Declaration, name: str) -> Task[str, BaseModel]:
    """Return the task that a declaration describes; `name` is used if the declaration has none."""
    row = row_model(declaration)
    labels = tuple(
        Label(name, p.value, p.definition.strip()) for name, p in declaration.labels.items()
    )
    fixed = declaration.seeds is not None and bool(declaration.seeds.items)
    contexts = (
        None
        if declaration.contexts is None or fixed
        else _contexts(declaration, declaration.contexts)
    )
    seeds = () if declaration.seeds is None else (_seeds(declaration, declaration.seeds),)
    official = {label.name: label.official for label in labels}
    aims, reply = declaration.aims, reply_model(declaration)
    writers = {
        name: branch_prompt(declaration, name, branch, aims[name])
        for name, branch in declaration.asked.items()
    }
    asked = [
        *(
            [contexts_prompt(declaration)]
            if contexts and not (contexts.once or contexts.origin)
            else []
        ),
        *([seeds_prompt(declaration)] if seeds and not (fixed or seeds[0].origin) else []),
    ]
    instructions = default_instructions(declaration)
    # A row without a claimed label is not checked by the meta-prompt, but solved.
    solved = (SOLVE_PROMPT,) if None in aims.values() else ()
    task = Task(
        name=declaration.name or name,
        version="+".join(filter(None, [declaration.version, declaration.digest])),
        summary=declaration.summary or _first_sentence(declaration.description),
        description=_described(declaration),
        instance=row,
        labels=labels,
        contexts=contexts,
        seeds=seeds,
        generators={
            branch: _generator(declaration, row, reply, aim and official[aim], writers[branch])
            for branch, aim in aims.items()
        },
        dimensions=(
            *dimensions_of(declaration.dimensions),
            *lengths_of_rows(declaration),
        ),
        checks=(RowCheck(declaration),),
        judging=Judging(
            corrector=declaration.corrector,
            instructions=instructions,
            samples=_samples(declaration, row, labels[0].official),
            lenient=True,
        ),
        rows=Rows(
            seed_fields=(declaration.seed_field,) if declaration.seed_field else (),
            # An output may count rows by more labels, which only `with_output` knows.
            presets=declaration.rows_of_presets if declaration.output is None else {},
            files=declaration.data.model_dump(exclude_defaults=True),
        ),
        texts=Texts(
            dedup_text=lambda instance: render(instance, declaration.written),
        ),
        prompts=(
            *asked,
            *(p for name, p in writers.items() if not {"", name} & declaration.generators.keys()),
            META_PROMPT,
            *solved,
        ),
        about=About(source=declaration.source),
        seeding=Seeding(
            branch_labels=aims if declaration.branches else {},
            instances_per_call=declaration.instances_per_call,
            labels_per_seed=1 if declaration.one_label else None,
            balanced_draws=True,
            samples_per_seed=declaration.samples_per_seed,
        ),
        calls=CallSettings(parameters=_parameters(declaration), dry_run=dry_run_of(declaration)),
        uses=Uses(
            shares=declaration.shares,
            generators=declaration.generators,
            checks=declaration.checks,
            filters=declaration.used_filters,
            options=declaration.used_options,
        ),
    )
    if declaration.output is not None:
        return with_output(task, declaration)
    task = task.replace(variants={"paper": Variant("one row per call, in the paper's steps", {})})
    return task if has_own_steps(declaration) else with_contrast_sets(task, declaration)


def _parameters(declaration: Declaration) -> dict[str, dict[str, Any]]:
    """The sampling parameters by step; long texts have room."""
    said = declaration.parameters.model_dump()
    if tokens := tokens_of(declaration):
        said["generate"] = {"max_tokens": tokens, **said["generate"]}
    return {step: values for step, values in said.items() if values}


def _first_sentence(text: str) -> str:
    first = " ".join(text.split()).partition(". ")[0].rstrip(".")
    return first if len(first) <= 80 else f"{first[:77].rstrip()}..."


def _described(declaration: Declaration) -> str:
    """The description, with what each label means, and the language unless it is English."""
    spoken = f"The texts are in {declaration.language_said}."
    named = declaration.language != "English" and any(
        part.has_language for part in declaration.fields.values()
    )
    return "\n".join(
        [declaration.description.strip(), *declaration.definitions, *([spoken] if named else [])]
    )


# --- steps 1 and 2 -----------------------------------------------------------


def _contexts(declaration: Declaration, part: ContextsPart) -> ListStep[str]:
    if part.items:
        return ListStep.of(part.items, summary=part.description)
    if part.use:
        return _used(part.use, check=None)
    prompt = contexts_prompt(declaration)

    def check(context: str) -> None:
        no_worked_answer(context, prompt)
        phrase(context, max_words=_LONGEST, what="context")

    return ListStep(
        item=str,
        propose=_proposing(prompt, line_of(2, 10, declaration.languages), "; "),
        batch=part.batch,
        check=check,
        summary=part.description,
        dimensions=dimensions_of(part.dimensions),
    )


def _seeds(declaration: Declaration, part: SeedsPart) -> ListStep[str]:
    check = check_seed(declaration)
    if part.items:
        fixed = ListStep.of(part.items, summary=part.description)
        return replace(fixed, check=check, column=part.field) if part.field else fixed
    if part.use:
        return _used(part.use, check=check if part.field else None)
    prompt = seeds_prompt(declaration)
    field = declaration.fields[part.field] if part.field else None
    size = field.words if field and field.words else part.size
    summary = field.description if field and field.description else part.description
    return ListStep(
        item=str,
        propose=_proposing(prompt, line_of(*size, declaration.languages), " / ", of=field),
        batch=part.batch,
        check=check,
        column=part.field,
        summary=summary,
        dimensions=(*dimensions_of(part.dimensions), *lengths_of_seeds(declaration, part)),
    )


def _proposing(
    prompt: Prompt, line: Any, between: str, of: FieldPart | None = None
) -> Callable[..., Any]:
    """Return the function that asks for more items of a list, each a `line` or a text of a field.

    It shows earlier items on one line.
    """

    async def propose(llm: Llm, above: str | None, existing: Sequence[str]) -> Sequence[str]:
        values: dict[str, Any] = {"context": above} if "context" in prompt.variables else {}
        have = between.join(map(tidy, existing[-_SHOWN:])) or "none"
        model = list_of(prompt.name, line, llm.batch)
        reply = await llm.ask(prompt, reply=model, count=llm.batch, have=have, **values)
        return [tidied(item, of) if of else tidy(item) for item in reply.items if item.strip()]

    return propose


def _used(name: str, *, check: Callable[[str], None] | None) -> ListStep[str]:
    """Return a placeholder for the list registered as `name`, until a run is prepared.

    A run may have options of the list, and code that only reads rows of the task does not need it.
    So `runs.plan` finds the list and gives it its options. Its items count as texts if they are
    models of one text; those with more fields need a task in Python. `check` is applied in addition
    to the list's own.
    """

    async def propose(llm: Llm, parent: Any, existing: Sequence[str]) -> Sequence[str]:
        raise AssertionError(f"{name} has not been replaced")

    return ListStep(item=str, propose=propose, batch=1, check=check, summary=name, origin=name)


# --- step 3 --------------------------------------------------------------------


def _generator(
    declaration: Declaration,
    row: type[BaseModel],
    reply: type[BaseModel],
    label: Any,
    prompt: Prompt,
) -> InverseGenerator[str, BaseModel]:
    """G(branch, seed): what the reply holds, with the seed and the label put in."""

    def made(written: BaseModel, seed: str) -> BaseModel:
        return row.model_validate({**texts_in(written, seed, declaration), "label": label})

    async def write(llm: Llm, seed: str) -> BaseModel | Sequence[BaseModel | Rejected]:
        values = values_of(prompt, llm, seed, declaration)
        if declaration.instances_per_call > 1:
            several: Any = await llm.ask(prompt, reply=reply, **values)
            rows: list[BaseModel | Rejected] = []
            for written in several.items[: declaration.instances_per_call]:
                try:
                    check_written(written, seed, declaration)
                    rows.append(made(written, seed))
                except Rejected as error:
                    rows.append(error)
            return rows

        def usable(written: BaseModel) -> None:
            # Not yet tidied: text on a line of its own is not part of a sentence.
            check_written(written, seed, declaration)

        return made(await llm.ask(prompt, reply=reply, check=usable, **values), seed)

    return write


# --- step 4 ----------------------------------------------------------------------


def _samples(
    declaration: Declaration, row: type[BaseModel], label: Any
) -> tuple[CorrectionSample, ...]:
    """The worked samples, each input as a row would be shown, which may have any `label`."""
    samples = []
    for number, sample in enumerate(declaration.samples):
        value = sample.input
        fields = value if isinstance(value, dict) else {next(iter(declaration.fields)): value}
        try:
            shown = row.model_validate({**fields, "label": label})
        except ValidationError as error:
            raise UsageError(f"samples.{number}.input.{refused(error)}") from None
        samples.append(
            CorrectionSample(
                render(shown, declaration.fields), sample.output, sample.actual, sample.explanation
            )
        )
    return tuple(samples)
