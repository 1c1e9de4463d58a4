"""(1) Which rows are refused: here those with a text of more than 200 words."""

from pydantic import BaseModel
from targen_core import Rejected


def check(row: BaseModel, seed: object) -> None:
    """Raise `Rejected` with a reason, which reports count, and words for people."""
    for name, value in row.model_dump().items():
        if len(str(value).split()) > 200:
            raise Rejected("too-long", f"{name} has more than 200 words")
