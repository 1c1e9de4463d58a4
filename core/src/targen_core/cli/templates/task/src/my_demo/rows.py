"""(1) What a seed and a row are. Change this first: all else follows from it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Matter(BaseModel):
    """An instance seed (step 2): what a row is about, before anybody writes it."""

    model_config = ConfigDict(frozen=True)

    business: str
    matter: str


class Row(BaseModel):
    """A row of the dataset, without `idx`, which targen adds."""

    model_config = ConfigDict(frozen=True)

    text: str
    label: Literal["praise", "complaint"]
