"""Step 3 of BoolQ: a question that a passage answers with yes, or with no."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from targen_core import Prompt
from targen_core.errors import UsageError
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_tasks_superglue.boolq.checks import (
    check_question,
    check_question_paper,
    official_passage,
    official_question,
)
from targen_tasks_superglue.boolq.dimensions import KINDS
from targen_tasks_superglue.boolq.rows import BoolqRow
from targen_tasks_superglue.shared.articles import Paragraph

_ASK = {
    f"{answer}-{kind}": Prompt(f"{answer}-{kind}", package="targen_tasks_superglue.boolq")
    for answer in ("yes", "no")
    for kind in KINDS
}
_ASK_PAPER = {
    answer: Prompt(f"{answer}-paper", package="targen_tasks_superglue.boolq")
    for answer in ("yes", "no")
}
PROMPTS = tuple(_ASK.values())
PROMPTS_PAPER = tuple(_ASK_PAPER.values())

_OPENING = "(Is|Are|Was|Were|Do|Does|Did|Has|Have|Had|Can|Could|Will|Would)"
_FORM = rf'^{_OPENING} [^"\\\x00-\x1f\[\]{{}}<>#*?]{{12,110}}\?$'


class _Question(BaseModel):
    question: line(20, 120, pattern=_FORM)  # type: ignore[valid-type]


async def write_yes(llm: Llm, seed: Paragraph) -> BoolqRow:
    """G(true, passage): a question that the passage answers with yes."""
    return await _write(llm, seed, "yes")


async def write_no(llm: Llm, seed: Paragraph) -> BoolqRow:
    """G(false, passage): a question to which the passage's answer is no."""
    return await _write(llm, seed, "no")


async def write_yes_paper(llm: Llm, seed: Paragraph) -> BoolqRow:
    """A question with the answer yes, without our rules on its form (variant `paper`)."""
    return await _ask(llm, seed, "yes", _ASK_PAPER["yes"], check_question_paper)


async def write_no_paper(llm: Llm, seed: Paragraph) -> BoolqRow:
    """A question with the answer no, without our rules on its form (variant `paper`)."""
    return await _ask(llm, seed, "no", _ASK_PAPER["no"], check_question_paper)


async def _write(llm: Llm, seed: Paragraph, answer: str) -> BoolqRow:
    kind = llm.draws[0].get("kind", KINDS[0])
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of question; the kinds are {' and '.join(KINDS)}")
    return await _ask(llm, seed, answer, _ASK[f"{answer}-{kind}"], check_question)


async def _ask(
    llm: Llm,
    seed: Paragraph,
    answer: str,
    prompt: Prompt,
    check: Callable[[BoolqRow, Paragraph], None],
) -> BoolqRow:
    passage = official_passage(seed)

    def row(draft: _Question) -> BoolqRow:
        question = official_question(draft.question)
        # An empty question would break the row's own rules before the checks name it.
        return BoolqRow(passage=passage, question=question or "-", label=answer == "yes")

    reply = await llm.ask(
        prompt,
        reply=_Question,
        check=lambda draft: check(row(draft), seed),
        passage=passage,
    )
    return row(reply)
