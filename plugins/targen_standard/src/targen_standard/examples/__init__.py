"""Examples: a few real rows of a user's own, which a model sees in step 2. `--examples FILE`.

This module has the option and the section of a report. The filter itself, in `filter`, reads the
file, shows its texts to the model, and refuses rows that repeat one of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core.options import Flag, ListOptions, Options, Rows
from targen_core.plugins.configurable import Configurable, Section
from targen_core.text import plural

if TYPE_CHECKING:  # with the datasets' readers
    from targen_standard.examples.filter import ExampleFilter

SHOWN = 50
"""Examples that the model is shown at most."""


class ExampleOptions(Options):
    """Real rows that generated ones are to read like."""

    panel = ListOptions.panel

    examples: Annotated[
        Path | None,
        Rows(),
        Flag(
            f"Write rows like the real rows in this file. The model sees up to {SHOWN} of them. "
            "Rows that repeat an example are rejected.",
            metavar="FILE",
        ),
    ] = None


class ExamplesSection(BaseModel):
    """Its section of a report.

    Attributes:
        rows: examples that were used.
        labelled: how many of them have a label.
        left_out: rows of the file that could not be used, by why.
        copies: candidates that repeated an example.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    rows: Annotated[int, Field(ge=0, le=10**12)]
    labelled: Annotated[int, Field(ge=0, le=10**12)]
    left_out: dict[str, Annotated[int, Field(ge=0, le=10**12)]] = {}
    copies: Annotated[int, Field(ge=0, le=10**15)]

    @property
    def words(self) -> str:
        """Return what was done with them, in a sentence."""
        copies = plural(self.copies, "copy of an example", "copies of examples")
        words = f"{plural(self.rows, 'example')}; {copies} rejected"
        if bad := sum(self.left_out.values()):
            words += f"; {plural(bad, 'row')} of the file not used"
        return f"{words}."


def _card(plan: Any, manifest: Any) -> str:
    """That rows are like somebody's own."""
    if not plan.files:
        return ""
    return """
## Examples

The person who generated the rows supplied real texts as examples. These are not part of the
dataset. Rows that were the same, or nearly the same, as one of them were rejected.
"""


def _made(options: ExampleOptions) -> ExampleFilter:
    from targen_standard.examples.filter import ExampleFilter

    return ExampleFilter(options)


EXAMPLES = Configurable(
    ExampleOptions, _made, section=Section(ExamplesSection, card=_card), shapes=True
)
"""The filter registered as `examples`."""
