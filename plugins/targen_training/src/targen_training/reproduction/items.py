"""Every table, figure and appendix of both papers, and the command that does it: `items.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from targen_training.reproduction.printed import printed

__all__ = ["Item", "items"]


@dataclass(frozen=True, slots=True)
class Item:
    """A table, figure or appendix.

    Attributes:
        name: "table6", "figure2", "appendixF"; of DataTune "datatune-table2".
        what: it shows.
        command: that does it here; empty where none can.
        differs: what a repetition has otherwise than the paper.
        ran: what was run here, and how far.
        small: commands that do it in small, on this repository's rows; empty where none can.
        needs: modules that these need, if not every test environment has them.
    """

    name: str
    what: str
    command: str
    differs: str
    ran: str
    small: Sequence[str] = ()
    needs: Sequence[str] = ()


def items() -> dict[str, Item]:
    """All of them by name, TarGEN's first."""
    return {values["name"]: Item(**values) for values in printed("items")["item"]}
