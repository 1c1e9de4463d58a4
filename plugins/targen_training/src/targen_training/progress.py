"""Progress of a training, from its `Watch` to `targen_cli.status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from targen_cli.status import bar, note, status
from targen_training.trainers import Watch

if TYPE_CHECKING:
    from targen_training.experiments.cells import Plan

__all__ = ["cells_shown", "shown"]


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Watch]:
    """Return a watch that shows steps and notes; with `quiet`, only notes."""
    with bar("steps", quiet=quiet) as steps:

        def step(done: int, of: int, figures: Mapping[str, float], /) -> None:
            steps.step(done, of, ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))

        yield Watch(steps.note, step)


@contextmanager
def cells_shown() -> Iterator[Callable[[int, int, Plan], Watch]]:
    """Says which cell of an experiment is trained, and how far."""
    with status() as line:
        yield _Cells(line.at)


class _Cells:
    """A watch of each cell; a note that several seeds give is printed once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._noted: set[tuple[str, str, str]] = set()

    def __call__(self, done: int, of: int, plan: Plan) -> Watch:
        cell = plan.cell
        said = f"{done + 1:,} of {of:,}: {cell.task}, {cell.model}, {cell.arm}, {cell.rows:,} rows"
        said += f", seed {cell.seed}"
        self._say(said)

        def noted(text: str, /) -> None:
            # Each seed draws other rows, and would say nearly the same.
            if (place := (cell.task, cell.model, cell.arm)) not in self._noted:
                self._noted.add(place)
                note(f"{', '.join(place)}: {text}")

        def step(at: int, steps: int, _: Mapping[str, float], /) -> None:
            self._say(f"{said}, step {at:,} of {steps:,}")

        return Watch(noted, step)
