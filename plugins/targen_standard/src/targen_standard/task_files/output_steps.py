"""Steps 3 and 4 of a declared task that has an `output`: any kind of output, by its methods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model, model_validator

from targen_core.errors import Rejected
from targen_core.tasks.fields import text_at
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall, Label
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import InverseGenerator, Llm
from targen_core.tasks.words import normalized
from targen_core.text import plain_fault, refused
from targen_standard.task_files.checks import check_written
from targen_standard.task_files.dry_run import made_up_row
from targen_standard.task_files.lengths import length_in
from targen_standard.task_files.model import Declaration, FieldPart
from targen_standard.task_files.outputs import (
    Output,
    Row,
    WithOutput,
    label_named,
    other_label,
    output_of,
)
from targen_standard.task_files.prompt_text import output_prompts, training_prompt
from targen_standard.task_files.rows import (
    model_of,
    render,
    reply_model,
    row_columns,
    texts_in,
    values_of,
)

_LABELS = 1024


def with_output(task: Task[Any, Any], declaration: Declaration) -> Task[Any, Any]:
    """Return a task whose rows have the declaration's output in place of one label."""
    used, output = output_of(declaration)
    row = _row_model(declaration, output)
    write, label = output_prompts(declaration, output)
    lists = tuple(prompt for prompt in task.prompts if prompt.name in ("contexts", "seeds"))
    texts = tuple(name for name, part in declaration.fields.items() if part.is_text)
    answer: dict[str, Any] = {name: (kind, ...) for name, kind in output.answer.items()}
    reply = create_model("Labelled", explanation=(str, ...), valid=(bool, True), **answer)
    instructions = f"{declaration.description.strip()}\n{output.instructions}"
    judge = _Judge(output, label, row, reply, declaration.fields)

    @lru_cache(maxsize=_LABELS)  # asked for each row
    def other(name: str) -> tuple[Label, InverseGenerator[str, BaseModel]] | None:
        definition = other_label(declaration.output, name)
        if definition is None:
            return None
        return Label(name, None, definition), _generator(declaration, output, row, write, name)

    return task.replace(
        instance=row,
        generators={
            name: _generator(declaration, output, row, write, name) for name in declaration.labels
        },
        judging=Judging(
            corrector=judge if declaration.corrector is not None else None,
            instructions=instructions,
        ),
        rows=Rows(
            fields=texts,
            seed_fields=task.rows.seed_fields,
            from_file=output.from_file,
            label_named=lambda name: label_named(declaration.output, name),
            other_label=other,
            label_of=lambda instance: output.label_of(instance.model_dump()),
            with_label=_refuse_label,
            cases=lambda row: output.cases(row, {name: text_at(row, name) for name in texts}),
            presets=declaration.rows_of_presets,
        ),
        texts=Texts(
            render=lambda instance: render(instance, declaration.fields),
            answer=lambda instance: output.as_text(instance.model_dump()),
            dedup_text=lambda instance: render(instance, declaration.written),
            instruction_template=training_prompt(declaration, output) if output.training else None,
        ),
        prompts=(*lists, write, *((label,) if declaration.corrector is not None else ())),
        about={"based_on": (*task.about.based_on, used)},
        calls={"dry_run": _dry_run(task, declaration, output)},
    )


def _row_model(declaration: Declaration, output: Output) -> type[BaseModel]:
    """A row: its fields, and the columns of the output, which must fit them."""

    class Labelled(WithOutput):
        model_config = ConfigDict(frozen=True, extra="forbid")

        @model_validator(mode="after")
        def _fits(self) -> Labelled:
            output.check(self.model_dump())
            return self

    columns = row_columns(declaration)
    columns |= {name: (kind, ...) for name, kind in output.columns.items()}
    Labelled.targen_output = output
    return model_of("Row", columns, __base__=Labelled)


def _refuse_label(_: BaseModel, name: str) -> BaseModel:
    raise Rejected("illegal-label", f"{name} does not say what a row has: it is only counted by it")


# --- step 3 --------------------------------------------------------------------


def _generator(
    declaration: Declaration, output: Output, row: type[BaseModel], prompt: Prompt, label: str
) -> InverseGenerator[str, BaseModel]:
    """G(label, seed): a row whose output is a target within the label."""
    reply = reply_model(declaration, output.written)

    async def write(llm: Llm, seed: str) -> BaseModel:
        draws = llm.draws[0] if llm.draws else {}
        lengths = ((name, length_in(draws, name, declaration)) for name in declaration.written)
        words = {name: length for name, length in lengths if length is not None}
        target = output.target_within(label, llm.rng("target"), words)

        def made(written: BaseModel) -> BaseModel:
            more = {name: getattr(written, name) for name in output.written}
            said = texts_in(written, seed, declaration) | more
            instance = _valid(row, output.read(label, target, said))
            check_written(instance, seed, declaration)
            output.check_target(instance.model_dump(), target)
            if (found := output.label_of(instance.model_dump())) != label:
                raise Rejected("other-output", f"the row counts as {found}, not as {label}")
            return instance

        def usable(written: BaseModel) -> None:
            made(written)

        values = values_of(prompt, llm, seed, declaration)
        return made(await llm.ask(prompt, reply=reply, check=usable, target=target.said, **values))

    return write


def _valid(row: type[BaseModel], values: Row) -> BaseModel:
    """A row with these columns.

    Raises:
        Rejected: `unusable-output`: the output does not fit the texts.
    """
    try:
        return row.model_validate(values)
    except ValidationError as error:
        raise Rejected("unusable-output", plain_fault(refused(error))) from error


# --- step 4 ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judge:
    """Step 4: labels a row without seeing its output, and corrects the row if the two differ."""

    output: Output
    prompt: Prompt
    row: type[BaseModel]
    reply: type[BaseModel]
    fields: Mapping[str, FieldPart]

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Return the prompts of its steps."""
        return (self.prompt,)

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge one row, with a call for each of its views."""
        output, row = self.output, instance.model_dump()
        views = output.shown(row, render(instance, self.fields))

        def corrected(judged: Row) -> BaseModel | None:
            """The row with what step 4 says; None if it agrees with the row."""
            return None if output.agrees(row, judged) else _valid(self.row, {**row, **judged})

        def usable(found: Any) -> None:
            if found.valid:
                corrected(output.judged(row, [found.model_dump()]))

        # Of several answers, none is wrong before all are known. They are sent together, so that in
        # batches they need one submission.
        check = usable if len(views) == 1 else None
        asked = (llm.ask(self.prompt, reply=self.reply, check=check, input=view) for view in views)
        said: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        answers: list[Row] = []
        for found in said:
            if isinstance(found, BaseException):
                raise found
            if not found.valid:
                return Correction.reject("no-valid-instance", found.explanation)
            answers.append(found.model_dump())
        explanation = str(answers[0]["explanation"])
        judged = output.judged(row, answers)
        output.require({**row, **judged})
        other = corrected(judged)
        if other is None:
            found, had = output.as_text({**row, **judged}), output.as_text(row)
            if normalized(found) != normalized(had):
                llm.note(judged=found)
            return Correction(output.label_of(row), explanation)
        llm.note(before=output.as_text(row))
        return Correction(output.label_of(other.model_dump()), explanation, instance=other)


# --- dry runs ----------------------------------------------------------------------


def _dry_run(
    task: Task[Any, Any], declaration: Declaration, output: Output
) -> Callable[[DryRunCall], Any]:
    """The reply to each call: those of the lists as usual, the others made up by the output."""

    def dry_run(call: DryRunCall) -> Any:
        label = call.label or next(iter(declaration.labels))
        if call.prompt == "write":
            texts = made_up_row(declaration, call)
            target = output.target(label, call.rng)
            return output.made_up(label, target, texts, call.rng)
        if call.prompt == "label":
            found = output.solved(label, str(call.values["input"]), call.rng)
            why = "The row says so in its own words, and nothing in it speaks against that."
            return {"explanation": why, "valid": True, **found}
        assert task.calls.dry_run is not None
        return task.calls.dry_run(call)

    return dry_run
