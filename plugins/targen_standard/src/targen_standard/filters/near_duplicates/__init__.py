"""The filter `near-duplicates`: no row nearly repeats another of its label, or equals any other.

Every run has it, unless it is off.

This module has its options; the filter itself loads numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from targen_core.options import Flag, Options, RowOptions
from targen_core.plugins.configurable import Configurable

if TYPE_CHECKING:  # with numpy
    from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter


def _percentage(value: float) -> float:
    if 0 < value <= 1:
        raise ValueError("it must be a percentage above 1, or 0 for no filter")
    return value


class NearDuplicateOptions(Options):
    """The greatest likeness of rows, letter by letter."""

    panel = RowOptions.panel

    near_duplicates: Annotated[
        float,
        Field(ge=0, le=100),
        AfterValidator(_percentage),
        Flag(
            "Reject rows that are at least this similar to another row with the same label, from 0 "
            "to 100; 0 disables this."
        ),
    ] = 90.0


def _made(options: NearDuplicateOptions) -> NearDuplicateFilter:
    from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter

    return NearDuplicateFilter(options.near_duplicates)


NEAR_DUPLICATES = Configurable(NearDuplicateOptions, _made)
"""The registered filter `near-duplicates`."""
