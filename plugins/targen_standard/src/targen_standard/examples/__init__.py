"""Examples: a few real rows of a user's own, whose manner generated rows take. `--examples FILE`.

This module has the options and the section of a report. The filter itself, in `filter`, reads the
file. It has rows written after pairs of examples (`following`). For other tasks, it adds examples
to the prompts of step 3 (`showing`). Their profile gives each row traits (`measuring`, `profile`).
It refuses rows that repeat an example.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_core.options import Flag, ListOptions, Options, Rows
from targen_core.plugins.configurable import Configurable, Section
from targen_core.text import plural
from targen_standard.examples.profile import Profile

if TYPE_CHECKING:  # with numpy
    from targen_standard.examples.filter import ExampleFilter

MEASURED_FROM = 20
"""Examples from which on their profile is measured: fewer say little about shares."""

PER_LABEL = 6
"""With so many examples for each label, rows follow pairs of them; fewer make too few pairs."""


class ExampleOptions(Options):
    """Real rows that generated ones are to read like, and what is done with them."""

    panel = ListOptions.panel

    examples: Annotated[
        Path | None,
        Rows(),
        Flag(
            "Write rows in the style of this file's rows. The model sees some of them and a "
            "profile of all of them. Rows that repeat an example are rejected.",
            metavar="FILE",
        ),
    ] = None
    show_examples: Annotated[
        bool,
        Flag(
            "Show the model some of the --examples rows; otherwise targen only uses their profile."
        ),
    ] = True
    shown: Annotated[
        int, Field(ge=1, le=50, description="number of examples in each prompt of step 3")
    ] = 5
    close_gap: Annotated[
        bool,
        Flag(
            "Tell the model what --examples are about and what they never do, and reject rows "
            "that give themselves away as generated. Needs at least 20 examples."
        ),
    ] = False
    extra: Annotated[
        float,
        Field(
            gt=0,
            le=2,
            description="the maximum share of candidates that close_gap may reject",
        ),
    ] = 0.2
    profile: Annotated[
        Profile | Literal["pairs", "whole", "none"],
        Field(
            description="how rows follow the examples. `pairs`: each row has the manner of one "
            f"example and a subject near that of another. Other tasks, and fewer than {PER_LABEL} "
            "examples per label, are treated as with `whole`. `whole`: each row has "
            f"the form of one of at least {MEASURED_FROM} examples. `none`: "
            "examples are only shown. Or a profile, as `targen profile` prints it"
        ),
    ] = "pairs"


class Apart(BaseModel):
    """Features that rows surely have more often than examples, as shares of both."""

    model_config = ConfigDict(extra="allow", strict=True)

    rows_that: str
    rows: Annotated[float, Field(ge=0, le=1)]
    examples: Annotated[float, Field(ge=0, le=1)]


class Gap(BaseModel):
    """The remaining gap between rows and examples.

    Attributes:
        extra: as the options.
        refused: candidates that gave themselves away.
        subjects: the subjects of the examples, except those that hint at a label.
        subjects_with_rows: how many of these rows touch on.
        apart: what rows still do more often, the farthest apart first.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    extra: Annotated[float, Field(ge=0, le=2)]
    refused: Annotated[int, Field(ge=0, le=10**15)]
    subjects: Annotated[int, Field(ge=0, le=10**6)]
    subjects_with_rows: Annotated[int, Field(ge=0, le=10**6)]
    apart: list[Apart] = []

    @property
    def words(self) -> str:
        """It, in two or three sentences."""
        words = f"{plural(self.refused, 'candidate')} rejected for looking generated."
        if self.subjects:
            words += (
                f" Rows cover {self.subjects_with_rows} of the {plural(self.subjects, 'subject')} "
                "in the examples."
            )
        if self.apart:
            told = (f"{e.rows_that} ({e.rows:.0%} vs {e.examples:.0%})" for e in self.apart)
            words += f" Compared with the examples, more rows still {'; '.join(told)}."
        return words


class ExamplesSection(BaseModel):
    """Its section of a report.

    Attributes:
        rows: examples that were used.
        labelled: how many of them have a label.
        left_out: rows of the file that could not be used, by why.
        shown: whether the model was shown some.
        not_shown: of these, the unlabelled ones, if each label has examples of its own.
        copies: candidates that repeated an example.
        set_aside: examples that rows do not imitate, by why.
        gap: what became of the gap, if it was to be closed.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    rows: Annotated[int, Field(ge=0, le=10**12)]
    labelled: Annotated[int, Field(ge=0, le=10**12)]
    left_out: dict[str, Annotated[int, Field(ge=0, le=10**12)]] = {}
    shown: bool
    not_shown: Annotated[int, Field(ge=0, le=10**12)] | None = None
    copies: Annotated[int, Field(ge=0, le=10**15)]
    set_aside: dict[str, Annotated[int, Field(ge=0, le=10**12)]] | None = None
    gap: Gap | None = None

    @property
    def words(self) -> str:
        """Return what was done with them, in a sentence."""
        use = "shown to the model" if self.shown else "not shown to the model"
        if self.not_shown:
            use += f" except {self.not_shown:,} without a label (every label has its own)"
        copies = plural(self.copies, "copy of an example", "copies of examples")
        words = f"{plural(self.rows, 'example')}, {use}; {copies} rejected"
        if bad := sum(self.left_out.values()):
            words += f"; {plural(bad, 'row')} of the file not used"
        if self.set_aside:
            said = ", ".join(f"{count:,} {why}" for why, count in self.set_aside.items())
            words += f"; not imitated: {said}"
        return f"{words}." + (f" {self.gap.words}" if self.gap else "")


def _card(plan: Any, manifest: Any) -> str:
    """That rows are like somebody's own."""
    if not plan.files:
        return ""
    shown = plan.options.get("show_examples", True)
    how = "shown to the model in rotation" if shown else "only measured, not shown to the model"
    return f"""
## Examples

The rows follow the style of real texts that the person who generated the rows supplied. These
texts were {how}, and are not part of the dataset. Rows
that were the same, or nearly the same, as one of them were rejected.
"""


def _made(options: ExampleOptions) -> ExampleFilter:
    if options.close_gap:
        from targen_standard.examples.closing import ClosingFilter

        return ClosingFilter(options)
    from targen_standard.examples.filter import ExampleFilter

    return ExampleFilter(options)


EXAMPLES = Configurable(
    ExampleOptions, _made, section=Section(ExamplesSection, card=_card), shapes=True
)
"""The filter registered as `examples`."""
