"""The form `transform`: build the task of its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from targen_core import Label, Task
from targen_core.cli.trust import leaving
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.parts import Credit
from targen_core.tasks.steps import ListStep, Part
from targen_datatune.transforming.checks import row_check
from targen_datatune.transforming.dry_run import dry_run_of
from targen_datatune.transforming.items import Plan, Source, SourceRow
from targen_datatune.transforming.spec import Transform
from targen_datatune.transforming.steps import PROMPTS, Steps, has_input, readable
from targen_datatune.transforming.synthetic import PARTS, Synthetic
from targen_datatune.transforming.synthetic import PROMPTS as SYNTHETIC
from targen_standard.correctors.blind import SOLVE_PROMPT
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.task_files.forms import TaskForm

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
        source=(
            "Rows of existing datasets were transformed after DataTune (arXiv:2404.14361): "
            "provenance.jsonl names the dataset, the row and the plan of each."
            + (_ADDED if synthetic else "")
        ),
        citation=_CITATION,
        canary=spec.canary,
        instance=row,
        labels=tuple(Label(label) for label in spec.labels),
        contexts=None if synthetic else expand,
        seeds=() if synthetic else tuple(seeds),
        parts=parts if synthetic else {},
        generators={_ROW: steps.execute} | (dict(synthetic.generators) if synthetic else {}),
        branch_labels={_ROW: None if spec.labels else "any"}
        | (synthetic.aims if synthetic else {}),
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
        parameters=_PARAMETERS,
        prompts=(*PROMPTS, *(SYNTHETIC if synthetic else ()), META_PROMPT, SOLVE_PROMPT),
        dry_run=dry_run_of(spec),
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
            balanced=spec.balance_sources,
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
