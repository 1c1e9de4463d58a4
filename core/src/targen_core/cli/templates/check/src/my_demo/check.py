"""(1) Which rows are refused: here those with a text of more words than an option says.

A check sees one row at a time, of any task. What compares a row with others is a filter.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field
from targen_core import Rejected
from targen_core.plugins.configurable import Configurable


class Options(BaseModel):
    """Options for `-o NAME.most=40`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(default=200, ge=1, description="the most words of a text")


def _make(options: Options) -> Callable[[BaseModel, object], None]:
    def check(instance: BaseModel, seed: object) -> None:
        """Refuse a row with a long text; raise nothing but `Rejected`."""
        for name, text in instance.model_dump(exclude={"label"}).items():
            words = len(text.split()) if isinstance(text, str) else 0
            if words > options.most:
                # The reason is counted in reports; the words are for people.
                raise Rejected("too-long", f"{name} has {words} words")

    return check


CHECK = Configurable(Options, _make)
