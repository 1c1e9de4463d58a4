"""`targen init-task`: a declaration drafted by a model, or a blank one, for a person to edit."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg
from targen_core.cli.tables import print_files
from targen_core.errors import UsageError
from targen_core.options import Limits, RowOptions
from targen_core.origin import DECLARED
from targen_core.outputs import writing
from targen_core.plain import replace_plain
from targen_core.runs.config import ONE_MODEL, ModelFlags
from targen_core.text import plural, printable


@takes(
    RowOptions.declared("seed"),
    ONE_MODEL,
    Limits.declared("max_cost", "max_tokens", "max_outage", "cache"),
)
def init_task(
    description: Annotated[
        str | None,
        typer.Argument(
            help="The task, in your own words.",
            show_default=False,
        ),
    ] = None,
    blank: Annotated[
        bool,
        typer.Option(
            "--blank", help="Write a commented template to fill in, without calling a model."
        ),
    ] = False,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Write it from a file of labelled rows, without a model."
        ),
    ] = None,
    encoding: EncodingArg = "utf-8",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The output file. [default: NAME.yaml, or task.yaml]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Write a task file for `targen generate`.

    A model drafts the file from your description, in one call. With --blank, the command writes a
    commented file to fill in. With --from, it takes the labels, their shares, the fields and their
    lengths from your own file, and leaves a line for each definition. No rows are generated. A
    draft contains the line `draft: true`. Read the draft and remove this line before you generate
    rows.

    Examples:
    - targen init-task "Is a film review positive or negative?" -b chatgpt --model gpt-6-luna
    - targen init-task --blank --out mytask.yaml
    - targen init-task --from reviews.csv
    """
    file = Path(description or "")
    if file.suffix.lower() in (*DECLARED, ".py"):
        raise UsageError(
            f"{file} is a file, but this command needs a description of the task",
            hint=f"targen init-task --blank --out {quote(str(file.with_suffix('.yaml')))}",
        )
    if rows is not None:
        if blank:
            raise UsageError("--blank and --from exclude each other", hint="omit --blank")
        _from_rows(rows, encoding, description or "", out, force=force, json=json)
        return
    if blank and description is not None:
        raise UsageError(
            "--blank does not use a model, so omit the description",
            hint="omit --blank to have a model draft the task; or type: targen init-task --blank",
        )
    if description is None and not blank:
        raise UsageError(
            "describe the task, or pass --blank or --from FILE",
            hint='targen init-task "Is a film review positive or negative?"',
        )
    if out is not None:
        _may_write(out, force=force)
    if description is None:
        from targen_standard.drafting.declaration import blank as blank_file

        path = out or Path("task.yaml")
        _write(path, blank_file(), force=force)
        if json:
            print_files(path)
        else:
            print(f"Created {path}. Fill it in, then type: targen preview {_typed(path)}")
        return
    from targen_core.plugins.loader import load_registry
    from targen_standard.drafting.declaration import declared, drafting, written
    from targen_standard.single import charged

    if not description.strip():
        raise UsageError("the description is empty")
    registry = load_registry()
    question = drafting(registry, description)
    with charged(registry, said, "draft", question) as asked:
        declaration = declared(asked.reply)
        path = out or Path(f"{declaration.name or 'task'}.yaml")
        _write(path, written(declaration), force=force)
    if json:
        print_files(path, labels=[*declaration.labels])
        return
    if asked.made_up:
        print(f"{path} is only a placeholder: {asked.made_up} calls no model, so none read the")
        print("description. For a draft, pass a different backend with -b. For a template:")
        print("  targen init-task --blank")
        print("To try out the commands with the placeholder:")
        print(f"  targen preview {_typed(path)}{said.typed(ModelFlags)}")
        return
    labels = plural(len(declaration.labels), "label")
    print(f"{path}: {labels}; {asked.billed}")
    print("This is a draft that has not been reviewed. Check:")
    part = "labels" if declaration.output is None else "output"
    print(f"  {part}      would two people who read the definitions always agree?")
    if "seeds" in declaration.model_fields_set:
        print("  seeds       can the same seed be used for every label?")
        print("  dimensions  does any value give away a label?")
    if declaration.samples:
        print("  samples     are their actual labels right?")
    print("Then remove the line `draft: true` and type:")
    print(f"  targen preview {_typed(path)}{said.typed(ModelFlags)}")


def _from_rows(
    rows: Path, encoding: str, description: str, out: Path | None, *, force: bool, json: bool
) -> None:
    """Write a task file from labelled rows."""
    import yaml

    from targen_standard.drafting.from_rows import task_from

    path = out or Path(f"{rows.name.partition('.')[0] or 'task'}.yaml")
    _may_write(path, force=force)
    text = task_from(rows, encoding, description)
    _write(path, text, force=force)
    if json:
        print_files(path)
        return
    if columns := (yaml.safe_load(text).get("data") or {}).get("map"):
        chosen = ", ".join(f"{name} = {column}" for name, column in columns.items())
        print(f"{rows}: {printable(chosen)}; --map label=COLUMN chooses another column")
    print(f"Created {path}. Fill in the definitions, remove the line `draft: true`, and type:")
    print(f"  targen generate {_typed(path)} -n 100 --examples {quote(str(rows))}")


def _may_write(path: Path, *, force: bool) -> None:
    if path.suffix not in (".yaml", ".yml"):
        meant = path / "task.yaml" if path.is_dir() else path.with_suffix(".yaml")
        raise UsageError(
            f"--out {path}: the name must end in .yaml or .yml", hint=f"--out {quote(str(meant))}"
        )
    if path.exists() and not force:
        raise UsageError(
            f"{path} exists", hint="use --force to replace it, or choose a different --out"
        )


def _write(path: Path, text: str, *, force: bool) -> None:
    _may_write(path, force=force)
    with writing(path, hint="choose a different --out"):
        replace_plain(path, text.encode())


def _typed(path: Path) -> str:
    """A path as a command takes it for a file."""
    return quote(str(path) if path.parent != Path() else f"./{path}")
