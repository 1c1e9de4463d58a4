"""The form `transform`: build the task of its file."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from targen_core import Label, Rejected, Task
from targen_core.cli.trust import leaving
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.parts import Credit
from targen_core.tasks.steps import ListStep, Part
from targen_core.tasks.words import is_cut_from
from targen_datatune.transforming.items import Plan, Source, SourceRow
from targen_datatune.transforming.spec import Transform
from targen_datatune.transforming.steps import PROMPTS, Steps, has_input, readable
from targen_datatune.transforming.synthetic import PARTS, Synthetic
from targen_datatune.transforming.synthetic import PROMPTS as SYNTHETIC
from targen_standard.checks.copies import is_copy
from targen_standard.checks.languages import check_language
from targen_standard.checks.patterns import matches
from targen_standard.correctors.blind import SOLVE_PROMPT
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.made_up import words
from targen_standard.task_files.forms import TaskForm

if TYPE_CHECKING:
    from targen_core.tasks.parts import DryRunCall


def row_check(spec: Transform) -> Callable[[Any, Any], None]:
    """The check of a task; it is given instances with `input`, and `output` or `label`."""
    rules = spec.checks

    def check(row: Any, seed: Any) -> None:
        """Judge one row.

        Raises:
            Rejected: `too-short`, `too-long`, `wrong-format`, `not-english` and so on,
                `copied-example`, `copied-input` or `not-in-input`.
        """
        output = row.label if spec.labels else row.output
        for what, text in (("input", row.input), ("output", output)):
            _sized(what, text, getattr(rules, f"min_{what}"), getattr(rules, f"max_{what}"))
            pattern = getattr(rules, f"{what}_format")
            if pattern and not matches(pattern, text):
                raise Rejected("wrong-format", f"the {what} is not of the form {pattern}")
        if rules.language:
            check_language(row.input, "input", rules.language)
            if not spec.labels:
                check_language(output, "output", rules.language)
        if any(is_copy(row.input, example.input) for example in spec.examples):
            raise Rejected("copied-example", "the input is that of an example")
        if not (rules.may_copy or spec.labels) and is_copy(output, row.input):
            raise Rejected("copied-input", "the output is the input")
        if rules.output_in_input and not is_cut_from(output, row.input):
            raise Rejected("not-in-input", f"the output does not stand in the input: {output!r}")

    return check


def _sized(what: str, text: str, low: int, high: int) -> None:
    if len(text) < max(low, 1):
        raise Rejected("too-short", f"the {what} has {len(text)} characters, fewer than {low}")
    if len(text) > high:
        raise Rejected("too-long", f"the {what} has {len(text):,} characters, more than {high:,}")


_REST = 160  # words of a description, in addition to the instruction's


def dry_run_of(spec: Transform) -> Callable[[DryRunCall], Any]:
    """The reply to each call of a transformation."""

    def answer(call: DryRunCall) -> Any:
        values, rng = call.values, call.rng
        if call.prompt == "expand":
            return {"description": words(rng, _REST)}
        if call.prompt == "rerank":
            ids = re.findall(r"^id: (.+)$", values["datasets"], re.MULTILINE)
            return {
                "reasoning": words(rng, 40),
                "datasets": sorted(ids)[: int(values["max_datasets"])],
            }
        if call.prompt == "columns":
            names = list(json.loads(values["rows"].splitlines()[0]))
            reply = {"reasoning": words(rng, 30), "input": names}
            return reply | {kind: [] for kind in ("output", "irrelevant", "ambiguous")}
        if call.prompt == "plan":
            actions = ("skip", "combine", "create", "input", "output")
            return {"steps": [{"action": a, "instruction": words(rng, 22)} for a in actions]}
        if call.prompt in ("topics", "ideas"):
            length = 5 if call.prompt == "topics" else 18
            return {call.prompt: [words(rng, length) for _ in range(int(values["count"]))]}
        if call.prompt == "write":
            made = _scripted_row(spec, rng)
            if call.label is not None and spec.labels:
                made["output"] = call.label.removeprefix("synthetic: ")
            return {"working": words(rng, 25), "input": made["input"], "output": made["output"]}
        if call.prompt == "execute":
            return _scripted_row(spec, rng)
        explanation = "The input says so in its own words, and nothing speaks against it."
        if "output" in values:
            return {"explanation": explanation, "actual": values["output"], "verdict": "correct"}
        solved = rng.choice(spec.labels) if spec.labels else words(rng, 3)
        return {"explanation": explanation, "answer": solved}

    return answer


def _scripted_row(spec: Transform, rng: random.Random) -> dict[str, Any]:
    """A row of about the size of an example; made-up words, which meet no declared format."""
    example = rng.choice(spec.examples) if spec.examples else None
    text = words(rng, len(example.input.split()) if example else 30)
    output = rng.choice(spec.labels) if spec.labels else ""
    if not output:
        output = words(rng, len(example.output.split()) if example else 5)
    if spec.checks.output_in_input:
        text = f"{text} {output}"
    return {"working": words(rng, 50), "input": text, "output": output, "reason": ""}


_ROW = "row"
_ADDED = (
    " The part called synthetic has no source: its rows were written for topics and ideas after "
    "TarGEN (arXiv:2310.17876)."
)
_CITATION = """
@inproceedings{gandhi2024better,
  title     = {Better Synthetic Data by Retrieving and Transforming Existing Datasets},
  author    = {Gandhi, Saumya and Gala, Ritu and Viswanathan, Vijay and Wu, Tongshuang
               and Neubig, Graham},
  booktitle = {Findings of the Association for Computational Linguistics: ACL 2024},
  year      = {2024},
  eprint    = {2404.14361}
}"""
_PARAMETERS = {
    "expand": {"temperature": 0.0, "max_tokens": 1024},
    "rerank": {"temperature": 1.0, "max_tokens": 1024},  # draws of one mind would be one draw
    "plan": {"temperature": 0.0, "max_tokens": 1500},
    "generate": {"temperature": 0.0, "max_tokens": 2048},
}


def transform_task(spec: Transform, name: str) -> Task[Any, BaseModel]:
    """The task whose rows are transformed rows of the datasets that are found for it."""
    row = _row(spec)
    steps = Steps(spec, name, row)
    synthetic = Synthetic(steps) if spec.synthetic else None
    expand, *seeds = _lists(spec, steps)
    if synthetic is not None:
        transformed = Part(lists=(expand, *seeds), branches=(_ROW,), share=1 - spec.synthetic)
        parts = dict(zip(PARTS, (transformed, synthetic.part), strict=True))
    first = spec.instruction.strip().splitlines()[0]
    return Task(
        name=name,
        version="1",
        summary=first if len(first) <= 100 else f"{first[:97].rstrip()}...",
        description=spec.instruction.strip(),
        instance=row,
        labels=tuple(Label(label) for label in spec.labels),
        contexts=None if synthetic else expand,
        seeds=() if synthetic else tuple(seeds),
        generators={_ROW: steps.execute} | (dict(synthetic.generators) if synthetic else {}),
        checks=(row_check(spec),),
        rows=Rows() if spec.labels else Rows(label_of=_output, with_label=_with_output),
        judging=Judging(
            corrector="meta" if spec.correct else None,
            instructions=spec.instruction.strip(),
            samples=tuple(
                CorrectionSample(each.input, each.output, each.output, "It is an example.")
                for each in spec.examples[:4]
            ),
        ),
        texts=Texts(render=_input, answer=None if spec.labels else _output),
        prompts=(*PROMPTS, *(SYNTHETIC if synthetic else ()), META_PROMPT, SOLVE_PROMPT),
        about=About(
            source="Rows of existing datasets were transformed after DataTune (arXiv:2404.14361): "
            "provenance.jsonl names the dataset, the row and the plan of each."
            + (_ADDED if synthetic else ""),
            citation=_CITATION,
            canary=spec.canary,
        ),
        seeding=Seeding(
            parts=parts if synthetic else {},
            branch_labels={_ROW: None if spec.labels else "any"}
            | (synthetic.aims if synthetic else {}),
        ),
        calls=CallSettings(parameters=_PARAMETERS, dry_run=dry_run_of(spec)),
    )


def _lists(spec: Transform, steps: Steps) -> tuple[ListStep[Any], ...]:
    return (
        ListStep(
            name="expand",
            item=str,
            propose=steps.expand,
            batch=1,
            once=True,
            asks=spec.expand,
            summary="the task in more detail",
        ),
        ListStep(
            name="rerank",
            item=Source,
            propose=steps.rerank,
            batch=spec.datasets,
            once=True,
            check=readable,
            key=lambda source: source.dataset,
            credit=_credit,
            summary="datasets that suit the task, best first",
        ),
        ListStep(
            name="plan",
            item=Plan,
            propose=steps.plan,
            batch=1,
            once=True,
            summary="the columns to use from a dataset, and how to transform its rows",
        ),
        ListStep(
            name="rows",
            item=SourceRow,
            propose=steps.rows,
            batch=spec.trial,
            asks=False,
            max_rejected=spec.max_rejected,
            check=has_input,
            key=lambda row: str(row.row),
            summary="rows of a dataset, drawn at random",
        ),
    )


def _row(spec: Transform) -> type[BaseModel]:
    columns: dict[str, Any] = {"input": (str, ...), "output": (str, ...)}
    if spec.labels:
        columns = {"input": (str, ...), "label": (Literal[spec.labels], ...)}
    return create_model("Row", __config__=ConfigDict(frozen=True, extra="forbid"), **columns)


def _input(row: Any) -> str:
    return str(row.input)


def _output(row: Any) -> str:
    return str(row.output)


def _with_output(row: Any, output: str) -> Any:
    return row.model_copy(update={"output": output})


def _credit(source: Source) -> Credit:
    return Credit(source.dataset, source.license, source.revision)


def _reaching(spec: Transform, folder: Path) -> Mapping[str, Any]:
    """Catalogues and an index elsewhere, and options of a retriever, which may name weights."""
    paths = {f"catalogues.{at}": each for at, each in enumerate(spec.catalogues)}
    if spec.index:
        paths["index"] = spec.index
    options = {"retriever_options": spec.retriever_options} if spec.retriever_options else {}
    return {**leaving(folder, paths), **options}


TRANSFORM = TaskForm(
    summary="transform rows of existing datasets for a new task",
    spec=Transform,
    task=transform_task,
    located=Transform.located,
    reaching=_reaching,
)
