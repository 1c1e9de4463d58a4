"""`targen transform`: rows of existing datasets, transformed for a new task."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.generating import Generate, goes_on_as_generate, save_task_file
from targen_core.cli.licenses import NON_COMMERCIAL, SHARE_ALIKE, terms_of
from targen_core.cli.status import note
from targen_core.errors import QuotaNotMet, UsageError
from targen_core.options import RowOptions
from targen_core.origin import DECLARED
from targen_core.plain import content_of
from targen_core.text import plural
from targen_datatune.cli.options import (
    CatalogueArg,
    GatedArg,
    LicenseArg,
    MaxRowsArg,
    MinRowsArg,
    RetrieverArg,
)
from targen_standard.checks.languages import all_languages, find_language, script_of

if TYPE_CHECKING:
    from targen_datatune.finding import Findings
    from targen_datatune.request import Example, TaskRequest
    from targen_datatune.transforming.spec import Transform

_SOURCES = "Sources"
_CHECKS = "Checks"
_OPTIONS = {
    name: "--" + name.replace("_", "-")
    for name in ("labels", "retriever", "datasets", "language", "output_format", "index")
} | {"candidates": "--top", "catalogues": "--catalogue", "licenses": "--license"}
"""The flags of the form's fields; other fields are set in TASK."""

_ALIASES = {"execute": "generate"}
"""DataTune's names of steps -> those of the task."""


@goes_on_as_generate(
    without=(
        *("suite", "preset", "variants", "contexts", "seeds", "contexts_from", "seeds_from"),
        *("contexts_limit", "balance", "corrector"),
    )
)
def transform(
    task: Annotated[
        str,
        typer.Argument(
            help="A task's name, a file, or the instruction itself in quotes. Files: a task file, "
            "BIG-bench's task.json, JSON or YAML with `instruction` and `examples`, or a "
            "plain-text file.",
            show_default=False,
        ),
    ],
    catalogue: CatalogueArg = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            metavar="FOLDER",
            help="The index to use. [default: catalogue/ in targen's cache folder]",
        ),
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="LABEL,...",
            help='The outputs, if they are a closed set; "" for open ones. [default: the labels '
            "of TASK]",
        ),
    ] = None,
    retriever: RetrieverArg = "bm25",
    candidates: Annotated[
        int,
        typer.Option(
            "-k",
            "--top",
            min=1,
            help="Number of datasets to choose from.",
            rich_help_panel=_SOURCES,
        ),
    ] = 25,
    datasets: Annotated[
        int,
        typer.Option(
            "--datasets", min=1, help="Number of datasets to use.", rich_help_panel=_SOURCES
        ),
    ] = 4,
    license: LicenseArg = None,
    min_rows: MinRowsArg = None,
    max_rows: MaxRowsArg = None,
    gated: GatedArg = False,
    max_rejected: Annotated[
        float,
        typer.Option(
            "--max-rejected",
            min=0,
            max=1,
            help="Drop a dataset if more than this share of its first rows are rejected.",
            rich_help_panel=_SOURCES,
        ),
    ] = 0.8,
    language: Annotated[
        str,
        typer.Option(
            "--language", help="Reject rows in a different language.", rich_help_panel=_CHECKS
        ),
    ] = "",
    output_format: Annotated[
        str,
        typer.Option(
            "--output-format",
            metavar="REGEX",
            help="Reject outputs that do not fully match this regular expression.",
            rich_help_panel=_CHECKS,
        ),
    ] = "",
    may_copy: Annotated[
        bool,
        typer.Option(
            "--may-copy/--no-may-copy",
            help="Accept open outputs that equal the input, as in correction tasks.",
            rich_help_panel=_CHECKS,
        ),
    ] = False,
    give_up_after: Annotated[
        int | None,
        typer.Option(
            "--give-up-after",
            min=1,
            # 20 are two trials, if TASK does not set `trial`.
            help="Give up on a label after this many consecutive candidates fail, but not before "
            f"20 for each of --datasets. [default: {RowOptions().give_up_after}]",
            rich_help_panel=RowOptions.panel,
        ),
    ] = None,
    synthetic: Annotated[
        float,
        typer.Option(
            "--synthetic",
            metavar="SHARE",
            min=0,
            max=0.999,
            help="Share of rows that the model writes without a source, overall and for each "
            "label.",
        ),
    ] = 0,
    correct: Annotated[
        bool,
        typer.Option(
            "--correct/--no-correct",
            help="Have the model check each output (step 4).",
            rich_help_panel=_CHECKS,
        ),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE.json",
            help="Write the transformation as a task file for targen generate, then stop.",
        ),
    ] = None,
    *,
    generate: Generate,
) -> None:
    """Transform rows of existing datasets into rows of a task.

    targen retrieves datasets. The model chooses among them, plans how to turn their rows into rows
    of the task, and applies the plan to each row. The result is a run directory like any other:
    resume, report, show, analyze and export accept it. The steps are expand, rerank, plan and
    execute.

    Examples:
    - targen transform "Is the review positive?" --labels yes,no -n 100 --catalogue my/csvs
    - targen transform task.json -n 3000 --license permissive -b chatgpt --model gpt-6-luna
    - targen transform task.yaml -n 3000 -b small --backend-for plan=large --max-cost 10
    """
    from targen_core.plugins.loader import load_registry
    from targen_datatune.licenses import listed
    from targen_datatune.request import read_request
    from targen_datatune.transforming.sources import Sources
    from targen_datatune.transforming.task import TRANSFORM
    from targen_standard.task_files.files import task_name

    _refuse_form(task)
    asked = read_request(task, load_registry())
    chosen = (
        asked.labels if outputs is None else tuple(filter(None, map(str.strip, outputs.split(","))))
    )
    if not chosen:
        _refuse_labels(generate.labels)
    _refuse_language(language)
    name = task_name(asked.name)[:60]
    run = generate.options["out"] or Path("runs") / f"{name}-{generate.options['seed'] or 0}"
    spec = _spec(
        instruction=asked.instruction,
        examples=_shown(asked, chosen),
        labels=chosen,
        canary=asked.canary,
        catalogues=tuple(catalogue or ()),
        index=str(index or ""),
        retriever=retriever,
        candidates=candidates,
        datasets=datasets,
        licenses=listed(license or ()),
        min_rows=min_rows,
        max_rows=max_rows,
        gated=gated,
        max_rejected=max_rejected,
        correct=correct,
        synthetic=synthetic,
        checks={
            "language": language,
            "output_format": output_format,
            "output_in_input": _in_input(asked, chosen),
            "may_copy": may_copy,
        },
    ).located(Path.cwd())
    text = TRANSFORM.text("transform", spec, name)
    if save is not None:
        save_task_file(save, text, generate)
        return
    sources = Sources(spec, name)
    findings = sources.findings(quiet=bool(generate.options["quiet"]))
    if not (generate.options["quiet"] or generate.options["json"]):
        _say(asked, spec, findings)
        _say_limit(spec, findings, generate)
    patience = give_up_after or RowOptions().give_up_after
    try:
        generate.file(
            text,
            name,
            # A label is not given up before all datasets were tried.
            give_up_after=max(patience, 2 * spec.trial * spec.datasets),
            backend_for=[_step(each, "=") for each in generate.options["backend_for"] or ()],
            options=[_step(each, ".") for each in generate.options["options"] or ()],
        )
    except QuotaNotMet as error:
        more = "Use more catalogues, more --datasets, or a stronger model for rerank and plan"
        if error.used_up:  # a better plan could only reject fewer of them
            more = "For more rows, add data with --catalogue, or use more --datasets"
        error.hint = (
            f"run targen show {run} --rejected to see why. {more}. The rows so far are kept"
        )
        raise


_LARGEST = 64 << 20  # bytes of a task's file
_IS_FORM = re.compile(r'^[ \t]*+"?transform"?[ \t]*+:|^\[transform\]', re.MULTILINE)


def _refuse_form(task: str) -> None:
    """Name the command for a file that is complete already."""
    path = Path(task).expanduser()
    if path.suffix.lower() not in DECLARED or not path.is_file():
        return
    if _IS_FORM.search(content_of(path, _LARGEST).decode(errors="replace")):
        raise UsageError(
            f"{task} already contains a transformation", hint=f"targen generate {task}"
        )


def _refuse_labels(names: Collection[str]) -> None:
    """Refuse row counts for labels of a task with open outputs, which are counted as `any`."""
    if {*names} - {"any"}:
        raise UsageError(
            "--label sets the number of rows for a label, but the task has no labels",
            hint=f"--labels {','.join(names)}",
        )


def _refuse_language(language: str) -> None:
    """Refuse a language in which any text would pass."""
    if language and find_language(language) is None and script_of(language) == "LATIN":
        known = ", ".join(each.name.capitalize() for each in all_languages())
        raise UsageError(
            f"--language {language}: targen cannot recognise this language",
            hint=f"use {known}, or a language with its own script; or leave out --language",
        )


def _spec(**values: Any) -> Transform:
    """Return the request.

    Raises:
        UsageError: it makes no sense.
    """
    from pydantic import ValidationError

    from targen_datatune.transforming.spec import Transform

    try:
        return Transform.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        parts = [str(part) for part in first["loc"] if part != "checks"]
        name = f"{_OPTIONS.get(parts[0], parts[0])}: " if parts else ""
        raise UsageError(name + first["msg"].removeprefix("Value error, ")) from None


def _shown(asked: TaskRequest, labels: Sequence[str], limit: int = 4) -> list[dict[str, str]]:
    """The examples that the model is shown, of each label in turn; of many, some by chance."""
    from targen_standard.datasets.bigbench import drawn

    legal = [each for each in asked.examples if not labels or each.output in labels]
    if len(legal) > limit:  # files are often sorted by something
        legal.sort(key=lambda each: drawn(each.input))
    seen: Counter[str] = Counter()
    turns: list[tuple[int, Example]] = []
    for each in legal:
        turns.append((seen[each.output] if labels else 0, each))
        seen[each.output] += 1
    turns.sort(key=lambda turn: turn[0])
    return [{"input": each.input, "output": each.output} for _, each in turns[:limit]]


def _in_input(asked: TaskRequest, labels: Sequence[str]) -> bool:
    """Return whether outputs are choices in the input, as all examples show."""
    from targen_standard.datasets.bigbench import CHOICE

    if labels or len(asked.examples) < 2:
        return False
    return all(f"{CHOICE}{each.output}" in each.input.splitlines() for each in asked.examples)


def _step(text: str, sign: str) -> str:
    """`execute=small` and `execute.temperature=1` with the step's own name."""
    name, separator, rest = text.partition(sign)
    return f"{_ALIASES.get(name, name)}{separator}{rest}"


def _say(asked: TaskRequest, spec: Transform, findings: Findings) -> None:
    """Say what will be chosen from, before anything is paid."""
    licenses = [match.entry.license for match in findings.matches]
    used = min(spec.datasets, len(licenses))
    found = plural(len(licenses), "dataset")
    searched = plural(findings.searched, "entry", "entries")
    words = [f"{searched} searched, {found} found, {used} to be used"]
    if asked.examples:
        words.append(f"{len(spec.examples)} of {plural(len(asked.examples), 'example')} shown")
    words.append(f"labels {', '.join(spec.labels)}" if spec.labels else "open outputs")
    print("; ".join(words), file=sys.stderr)
    terms = [term for name in licenses for term in terms_of(name)]
    kinds = {"without a stated licence": licenses.count("")}
    kinds |= {f"with a {term} licence": terms.count(term) for term in (NON_COMMERCIAL, SHARE_ALIKE)}
    for kind, count in kinds.items():
        if count:
            said = f"{plural(count, 'dataset')} {kind}; --license excludes them"
            print(said, file=sys.stderr)
    if findings.undescribed:
        left_out = plural(findings.undescribed, "dataset")
        note(f"{left_out} left out; targen catalogue list SPEC shows why")
    for match in findings.matches:
        for words_on in match.entry.notes:
            note(f"{match.entry.id}: {words_on}")


def _say_limit(spec: Transform, findings: Findings, generate: Generate) -> None:
    """Warn if no choice of datasets has enough source rows."""
    sizes = [match.entry.rows for match in findings.matches]
    known = [min(size, spec.rows_per_dataset) for size in sizes if size is not None]
    most = sum(nlargest(spec.datasets, known))
    requested = generate.options["n"] or sum(generate.labels.values())
    needed = requested - round(requested * spec.synthetic)
    if len(known) == len(sizes) and most < needed:
        rows = "transformed rows" if spec.synthetic else "rows"
        more = ", or use more --datasets" if len(sizes) > spec.datasets else ""
        note(
            f"{plural(most, 'source row')}: at most {plural(most, 'row')}, since each becomes at "
            f"most one; {needed:,} {rows} were requested. Add data with --catalogue{more}"
        )
