"""The steps of WSC: settings, subject pairs with a pronoun, and passages for each label."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from targen_core import Llm, Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.shared.settings import SETTINGS, SETTINGS_PROMPT
from targen_tasks_superglue.shared.subjects import SUBJECTS_PROMPT, PronounPair, subject_pairs
from targen_tasks_superglue.wsc.checks import check_row
from targen_tasks_superglue.wsc.marks import read_passage
from targen_tasks_superglue.wsc.rows import WscRow
from targen_tasks_superglue.wsc.spans import make_row

__all__ = ["PASSAGES", "PROMPTS", "SETTINGS", "SUBJECT_PAIRS", "write_false", "write_true"]

PASSAGES = 2  # a call, as in the paper

_PASSAGES = Prompt("passages", package="targen_tasks_superglue.wsc")
PROMPTS = (SETTINGS_PROMPT, SUBJECTS_PROMPT, _PASSAGES)

_REPLY = list_of("passages", line(60, 320), PASSAGES)

SUBJECT_PAIRS = subject_pairs()


async def write_true(llm: Llm, seed: PronounPair) -> Sequence[WscRow]:
    """G(true, pair): two rows that ask about the phrase that the pronoun means."""
    return await _write(llm, seed, label=True)


async def write_false(llm: Llm, seed: PronounPair) -> Sequence[WscRow]:
    """G(false, pair): two rows that ask about the phrase that it does not mean."""
    return await _write(llm, seed, label=False)


async def _write(llm: Llm, seed: PronounPair, *, label: bool) -> Sequence[WscRow]:
    """Two rows: the pronoun means the first-named phrase in one, the other in the other.

    The two labels of a pair name it in opposite orders, and which label has
    which order changes from pair to pair. The model is not told the label, and
    a reply gives both rows or none: so under each label the first-named phrase
    is meant, and asked about, equally often.
    """
    turned = (llm.alternate("as listed", "turned") == "turned") == label
    pair = seed
    if turned:
        pair = seed.model_copy(update={"first": seed.second, "second": seed.first})

    def rows(reply: BaseModel) -> list[WscRow]:
        passages: Sequence[str] = getattr(reply, "items")  # noqa: B009 - of any ListReply
        if len(passages) < PASSAGES:
            raise Rejected("too-few-passages", f"{len(passages)} passages, {PASSAGES} are needed")
        made = [
            make_row(
                read_passage(passage, pair),
                pair,
                means_first=number == 0,
                label=label,
                rng=llm.rng(f"pronoun {number}"),
            )
            for number, passage in enumerate(passages[:PASSAGES])
        ]
        for row in made:
            check_row(row, seed)
        return made

    def usable(reply: BaseModel) -> None:
        rows(reply)

    llm.note(named_first=pair.first)
    reply = await llm.ask(
        _PASSAGES,
        reply=_REPLY,
        check=usable,
        first=pair.first,
        second=pair.second,
        pronouns=", ".join(pair.forms),
    )
    return rows(reply)
