"""Step 3 of BoolQ: a question that a passage answers with yes, or with no."""

from __future__ import annotations

from pydantic import BaseModel

from targen_core import Llm, Prompt
from targen_core.tasks.replies import line
from targen_tasks_superglue.boolq.checks import (
    check_question,
    official_passage,
    official_question,
)
from targen_tasks_superglue.boolq.rows import BoolqRow
from targen_tasks_superglue.shared.articles import Paragraph

__all__ = ["KINDS", "PROMPTS", "write_no", "write_yes"]

KINDS = ("inferred", "stated", "inferred")
"""Kinds of question in turn over neighbouring seeds, the same for both labels.

Two of three need inference: at least half shall, and more of them are rejected.
"""

_ASK = {
    f"{answer}-{kind}": Prompt(f"{answer}-{kind}", package="targen_tasks_superglue.boolq")
    for answer in ("yes", "no")
    for kind in ("stated", "inferred")
}
PROMPTS = tuple(_ASK.values())


_OPENING = "(Is|Are|Was|Were|Do|Does|Did|Has|Have|Had|Can|Could|Will|Would)"
_FORM = rf'^{_OPENING} [^"\\\x00-\x1f\[\]{{}}<>#*?]{{12,110}}\?$'


class _Question(BaseModel):
    question: line(20, 120, pattern=_FORM)  # type: ignore[valid-type]


async def write_yes(llm: Llm, seed: Paragraph) -> BoolqRow:
    """G(true, passage): a question that the passage answers with yes."""
    return await _write(llm, seed, "yes")


async def write_no(llm: Llm, seed: Paragraph) -> BoolqRow:
    """G(false, passage): a question that the passage answers with no."""
    return await _write(llm, seed, "no")


async def _write(llm: Llm, seed: Paragraph, answer: str) -> BoolqRow:
    kind = llm.alternate(*KINDS)
    llm.note(kind=kind)
    passage = official_passage(seed)

    def row(found: _Question) -> BoolqRow:
        question = official_question(found.question)
        # An empty question would break the row's own rules before the checks name it.
        return BoolqRow(passage=passage, question=question or "-", label=answer == "yes")

    reply = await llm.ask(
        _ASK[f"{answer}-{kind}"],
        reply=_Question,
        check=lambda found: check_question(row(found), seed),
        passage=passage,
    )
    return row(reply)
