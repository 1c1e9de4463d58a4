"""An RTE seed and row."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from targen_tasks_superglue.shared.fields import Text


class Premise(BaseModel):
    """An instance seed: a short factual text."""

    model_config = ConfigDict(frozen=True)

    premise: str


class RteRow(BaseModel):
    """A row in its official form, without `idx`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    hypothesis: Text
    label: Literal["entailment", "not_entailment"]
