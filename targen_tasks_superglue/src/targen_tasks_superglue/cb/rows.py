"""A CommitmentBank row. The only seed is the setting, a text."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from targen_tasks_superglue.shared.fields import Text


class CbRow(BaseModel):
    """A row in its official form, without `idx`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    hypothesis: Text
    label: Literal["entailment", "contradiction", "neutral"]
