"""Progress of a training, from its `Watch` to `targen_core.cli.status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from targen_core.cli.status import bar, note, status
from targen_training.trainers import Watch

if TYPE_CHECKING:
    from targen_training.experiments.cells import Plan


@contextmanager
def shown(*, quiet: bool = False, doing: str = "") -> Iterator[Watch]:
    """Return a watch that shows steps and notes; with `quiet`, only notes.

    `doing` is shown until there is a step: some trainers have none.
    """
    with bar("steps", quiet=quiet, doing=doing) as steps:

        def step(done: int, of: int, figures: Mapping[str, float], /) -> None:
            steps.step(done, of, ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))

        yield Watch(steps.note, step)


@contextmanager
def cells_shown(*, quiet: bool = False) -> Iterator[Callable[[int, int, Plan], Watch]]:
    """Give a watch of each cell; a note that several seeds give is printed once.

    With `quiet`, only notes are shown.
    """
    noted: set[tuple[str, str, str]] = set()

    def watch(done: int, of: int, plan: Plan) -> Watch:
        cell = plan.cell
        said = f"{done + 1:,} of {of:,}: {cell.task}, {cell.model}, {cell.arm}, {cell.rows:,} rows"
        said += f", seed {cell.seed}"
        line.at(said)

        def note_once(text: str, /) -> None:
            # Each seed draws other rows, and would say nearly the same.
            if (place := (cell.task, cell.model, cell.arm)) not in noted:
                noted.add(place)
                note(f"{', '.join(place)}: {text}")

        def step(at: int, steps: int, _: Mapping[str, float], /) -> None:
            line.at(f"{said}, step {at:,} of {steps:,}")

        return Watch(note_once, step)

    with status(quiet=quiet) as line:
        yield watch
