"""`targen new`: a distribution to start from, which works before anything is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from targen_core.errors import UsageError

__all__ = ["new"]

_TRY = {
    "task": ["targen generate {name} -n 4 --backend local"],
    "backend": ["targen describe {name} --kind backend", "targen backends check {name}"],
    "corrector": ["targen describe {name} --kind corrector"],
    "exporter": ["targen describe {name} --kind exporter"],
    "metric": ["targen describe {name} --kind metric"],
    "trainer": ["targen describe {name} --kind trainer"],
    "catalogue": ["targen describe {name} --kind catalogue"],
    "retriever": ["targen describe {name} --kind retriever"],
}


def new(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="One of task, backend, corrector, exporter, metric, trainer, catalogue and "
            "retriever.",
            autocompletion=lambda incomplete: [k for k in _TRY if k.startswith(incomplete)],
        ),
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What to call it, and its distribution.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The folder to write, new or empty. [default: NAME]"),
    ] = None,
) -> None:
    """Write a plugin to start from: a distribution with code, prompts, tests and a CI file.

    It works as it stands; its README.md says what to change, in which order.

    Examples:
    - targen new task my-task
    - targen new backend my-service --out plugins/my-service
    """
    from targen_cli.scaffold.names import choose_names
    from targen_cli.scaffold.writing import KINDS, write_distribution
    from targen_core.plugins.loader import load_registry
    from targen_core.suggestions import did_you_mean

    if kind not in KINDS:
        raise UsageError(
            f"new {kind}: no such template", hint=did_you_mean(kind, KINDS, "there is")
        )
    names = choose_names(load_registry(), kind, name)
    folder = out or Path(names.distribution)
    written = write_distribution(kind, names, folder)
    print(f"wrote {folder}{'/' if str(folder) != '.' else ''}: {len(written)} files")
    print("next:")
    steps = [f"cd {folder}"] if str(folder) != "." else []
    steps += ["pip install -e '.[test]'", "pytest"]
    steps += [line.format(name=names.distribution) for line in _TRY[kind]]
    for line in steps:
        print(f"  {line}")
    print("README.md says what to change, in which order.")
