"""The filter `distance`: rows that differ in what they say. `--max-cosine` is short for it.

This module has its options and its section of a report; the filter itself loads numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from targen_core.options import Flag, Options, RowOptions
from targen_core.plugins.configurable import Configurable, Section
from targen_core.plugins.loader import load_registry
from targen_core.text import plural

if TYPE_CHECKING:  # with numpy
    from targen_standard.embedding import Embedder
    from targen_standard.filters.distance.filter import DistanceFilter


class DistanceOptions(Options):
    """The least distance of rows, by a cosine of their embeddings."""

    panel = RowOptions.panel

    max_cosine: Annotated[
        float,
        Field(gt=0, lt=1),
        Flag(
            "Reject rows if the cosine similarity of their embedding to another row's exceeds "
            "this value, such as 0.8."
        ),
    ]
    max_refused: Annotated[
        float,
        Field(gt=0, le=0.9),
        Flag("The maximum share of candidates that --max-cosine may reject."),
    ] = 0.2
    embedder: Annotated[
        str, Flag("The embedder for --max-cosine: minilm, or words, which does not need a model.")
    ] = "minilm"


class DistanceSection(BaseModel):
    """Its section of a report.

    Attributes:
        embedder: the full id of what embedded the rows.
        max_cosine: as the options.
        max_refused: as the options.
        refused: candidates that were too near to a row.
        accepted: rows that were too near, because the share was used up or no other candidates were
            left.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    embedder: str = ""
    max_cosine: float
    max_refused: float = 0.0
    refused: Annotated[int, Field(ge=0, le=10**15)]
    accepted: Annotated[int, Field(ge=0, le=10**15)]

    @property
    def words(self) -> str:
        """Return a sentence on rows that were too near."""
        near = self.refused + self.accepted
        words = f"{plural(near, 'candidate')} with a cosine above {self.max_cosine:g}"
        if near:
            words += f": {self.refused:,} rejected, {self.accepted:,} accepted"
        return f"{words}."


def _made(options: DistanceOptions, embedder: Embedder) -> DistanceFilter:
    from targen_standard.filters.distance.filter import DistanceFilter

    try:
        encode = embedder.open()
    except ImportError as error:
        item = load_registry().find("embedder", options.embedder)
        raise item.missing_dependency(error.name or str(error), embedder.extra) from error
    return DistanceFilter(
        encode, options.max_cosine, options.max_refused, embedder=options.embedder
    )


DISTANCE = Configurable(
    DistanceOptions, _made, uses={"embedder": "embedder"}, section=Section(DistanceSection)
)
"""The registered filter `distance`."""
