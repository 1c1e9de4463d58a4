"""Every table, figure and appendix of both papers, and the command that does it: `items.toml`."""

from __future__ import annotations

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
    """

    name: str
    what: str
    command: str
    differs: str
    ran: str


def items() -> dict[str, Item]:
    """All of them by name, TarGEN's first."""
    return {values["name"]: Item(**values) for values in printed("items")["item"]}
