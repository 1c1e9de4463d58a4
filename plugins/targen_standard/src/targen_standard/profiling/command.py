"""`targen profile`: measure how real texts are written, and print it for a task file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.request import ONE_MODEL, ModelOptions
from targen_core.cli.sources import EncodingArg
from targen_core.cli.tables import print_file
from targen_core.errors import UsageError
from targen_core.options import Limits, RowOptions

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_standard.examples.reading import Example


@takes(
    RowOptions.declared("seed"),
    ONE_MODEL,
    Limits.declared("max_cost", "max_tokens", "max_outage", "cache"),
)
def profile(
    examples: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Real rows, in any dataset format, or one text per line."
        ),
    ],
    task: Annotated[
        str,
        typer.Option("--task", metavar="TASK", help="The task whose labels the rows have, if any."),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the profile to this file.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="FILE", help="Add the profile to this task file."),
    ] = None,
    encoding: EncodingArg = "utf-8",
    *,
    said: Said,
) -> None:
    """Measure how real texts are written, so that generated rows read like them.

    Prints the section `profile:` of a task file: the forms of whole texts, with weights. If you
    edit the section, targen generates rows accordingly. All measuring is done locally. With -b or
    --model, a model also reads up to 40 of the texts. In one call, it describes what code cannot
    measure: who writes the texts, where, and what they never do.

    Examples:
    - targen profile mails.csv --task mail.yaml --into mail.yaml
    - targen profile questions.txt -b chatgpt --model gpt-6-luna --out profile.yaml
    """
    from targen_core.origin import DECLARED
    from targen_core.outputs import writing
    from targen_core.plain import replace_plain
    from targen_core.plugins.loader import load_registry
    from targen_core.reading.files import read_text
    from targen_core.text import plural
    from targen_standard.profiling.api import profile as profiled
    from targen_standard.task_files.adding import with_key

    if out is not None and into is not None:
        raise UsageError("--out and --into cannot be used together")
    if out is not None and out.exists():
        raise UsageError(
            f"{out} exists",
            hint="choose a different --out, or add the profile to the file with --into",
        )
    if into is not None and into.suffix not in DECLARED:
        raise UsageError(
            f"--into {into}: the name must end in {', '.join(DECLARED[:-1])} or {DECLARED[-1]}",
            hint="--out profile.yaml",
        )

    def added(section: str) -> str:
        if into is None:
            return section
        hint = "write to a new file with --out, and copy its `profile` key"
        return with_key(into, read_text(into, 1 << 20), "profile", section, hint)

    added("profile: {}\n")  # before any work
    registry = load_registry()
    asks = bool({"backend", "model"} & said.values.keys())
    about = partial(_asked, registry, said=said) if asks else None
    made = profiled(examples, task, about=about, encoding=encoding, registry=registry)
    text = made.text
    target = out or into
    if target is None:
        print_file(text)
        return
    with writing(target, hint="choose a different --out"):
        replace_plain(target, added(text).encode())
    forms = plural(len(made.profile.forms), "form")
    print(f"{target}: {forms} of {plural(made.figures.rows, 'text')}")
    if into is not None:
        print(f"Then: targen preview {quote(str(into))}{said.typed(ModelOptions)}")


def _asked(registry: Registry, rows: Sequence[Example], *, said: Said) -> tuple[str, ...]:
    """Ask a model to describe the texts."""
    from targen_standard.profiling.describing import describing
    from targen_standard.single import charged

    with charged(registry, said, "description", describing(rows)) as asked:
        return asked.reply.lines
