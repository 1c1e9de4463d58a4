"""`targen method`: rows of a task, made by another method than TarGEN's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.generating import Generate, goes_on_as_generate, save_task_file
from targen_core.origin import DECLARED
from targen_standard.task_files.files import task_name

if TYPE_CHECKING:
    from targen_standard.methods.model import Method

_METHOD = "Method"


@goes_on_as_generate(
    without=(
        *("suite", "contexts", "seeds", "contexts_from", "seeds_from", "contexts_limit"),
        *("balance", "dimensions", "task_dimensions"),
        "correct",  # there is no step 4 to leave out
    )
)
def method(
    name: Annotated[
        str,
        typer.Argument(
            metavar="METHOD", help="The method's name; see targen list-methods.", show_default=False
        ),
    ],
    task: Annotated[
        str,
        typer.Argument(help="The task: a name or a file.", show_default=False),
    ],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--given",
            metavar="DATA",
            help="Example rows for methods that start from existing rows. Repeatable.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An option of the method; see targen describe METHOD. Repeatable.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    settings: Annotated[
        str,
        typer.Option(
            "--settings",
            metavar="NAME",
            help="A named set of the method's options.",
            rich_help_panel=_METHOD,
        ),
    ] = "",
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE.json",
            help="Only write the method as a task file for targen generate.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    *,
    generate: Generate,
) -> None:
    """Generate rows with another method, such as a plain prompt in a loop or AttrPrompt.

    The method's contexts, seeds and prompts replace the task's own. Labels, quotas and the format
    of the rows remain those of the task. The result is a run directory like any other: resume,
    report, show, analyze and export accept it. Methods do not have their own step 4, but
    --corrector adds one.

    Examples:
    - targen method loop ./mail.yaml -n 100 -b local
    - targen method attrprompt rte -n 100 -b local
    - targen method coda rte --given train.jsonl -n 100 -b local
    - targen method attrprompt ./mail.yaml -n 500 --set values=20 -b claude --max-cost 2
    """
    from targen_core.errors import UsageError
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.parsing import parse_options
    from targen_standard.methods.form import FORM, METHOD, MethodFile, options_of, require_given

    typed = parse_options(set_ or [], "--set values=20")
    of: Method[Any] = load_registry().get("method", name)
    if (counts := generate.options["preset"]) in of.presets:
        raise UsageError(
            f"--preset {counts}: this preset of {name} sets options, not row counts",
            hint=f"use --settings {counts}",
        )
    options = options_of(name, of, settings, typed)
    variants = tuple(generate.options["variants"] or ())
    spec = METHOD.located(
        MethodFile(
            use=name,
            task=task,
            variants=variants,
            given=tuple(given or ()),
            preset=settings,
            options=options.model_dump(mode="json", include={*typed}),
        ),
        Path.cwd(),
    )
    called = f"{_stem(task)}-{_stem(name)}"
    METHOD.task(spec, called)  # what is wrong with it is said before anything is written
    text = METHOD.text(FORM, spec, called)
    if save is not None:
        require_given(spec)
        save_task_file(save, text, generate)
        return
    generate.file(text, called, variants=None)


def _stem(name: str) -> str:
    """A part of a task's name, from the name or the file of one."""
    last = Path(name.partition(".py:")[0]).name.rpartition(":")[2]
    for suffix in (*DECLARED, ".py"):
        last = last.removesuffix(suffix)
    return task_name(last)
