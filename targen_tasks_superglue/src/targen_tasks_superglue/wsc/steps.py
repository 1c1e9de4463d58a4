"""The steps of WSC: settings, subject pairs with a pronoun, and passages for each label."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import Llm
from targen_tasks_superglue.shared.settings import SETTINGS_PROMPT
from targen_tasks_superglue.shared.subjects import (
    PAIRS_PROMPT,
    SUBJECTS_PROMPT,
    PronounPair,
    mixed_pairs,
    paper_pairs,
)
from targen_tasks_superglue.wsc.checks import check_row
from targen_tasks_superglue.wsc.marks import read_passage
from targen_tasks_superglue.wsc.rows import WscRow
from targen_tasks_superglue.wsc.spans import make_row, means_first_named

PASSAGES = 2  # a call, as in the paper

_PASSAGES = Prompt("passages", package="targen_tasks_superglue.wsc")
_PASSAGES_PAPER = Prompt("passages_paper", package="targen_tasks_superglue.wsc")
PROMPTS = (SETTINGS_PROMPT, PAIRS_PROMPT, _PASSAGES)
PAPER_PROMPTS = (SETTINGS_PROMPT, SUBJECTS_PROMPT, _PASSAGES_PAPER)

_REPLY = list_of("passages", line(35, 420), PASSAGES)

# Each is drawn for a passage of either label alike, in about the original data's shares.
DIMENSIONS = (
    Dimension(
        name="length",
        values={"8 to 14 words": 3, "15 to 25 words": 4, "26 to 50 words": 2},
        summary="words of the passage",
    ),
    Dimension(
        name="form",
        values={
            "two sentences": 4,
            "one sentence with a reason (because, since, for)": 2,
            "one sentence with a result or a purpose (so, so that, to)": 2,
            "one sentence with a contrast (but, although, even though)": 1,
            "one sentence with a time (when, before, until)": 1,
            "one sentence with a clause behind who, what, that or whether": 1,
        },
        summary="how the clause with the pronoun is joined on",
    ),
    Dimension(
        name="pronoun",
        values={
            "the subject of its clause": 4,
            "an object (him, her, them, it)": 1,
            "a possessive (his, her, their, its)": 1,
        },
        summary="the place of a pronoun in its clause",
    ),
    Dimension(
        name="turns_on",
        values=(
            "a need, a wish or a plan",
            "what somebody or something can do, or is good for",
            "what somebody or something lacks, has or holds",
            "size, weight, strength, age or number",
            "a place, or a way from one place to another",
            "a fault, a mistake or bad luck",
            "what came of it in the end",
            "what was known, seen or heard before",
            "a feeling, or how a thing feels, smells or tastes",
            "words that are said or written",
            "a habit, or how things have always been",
            "time: what is early, late, old, new or not yet done",
        ),
        summary="the sort of knowledge that settles whom a pronoun means",
    ),
    Dimension(name="marks", values=("one", "two or three"), summary="pronouns of the passage"),
    Dimension(
        name="tense",
        values={"simple past": 4, "present": 1, "past perfect in one clause": 1},
        summary="of the passage",
    ),
    Dimension(
        name="opening",
        values={"Subject 1": 2, "a time, a place or another phrase": 1},
        summary="what the passage begins with",
    ),
)

SUBJECT_PAIRS = mixed_pairs()
PAPER_SUBJECT_PAIRS = paper_pairs()


async def write_true(llm: Llm, seed: PronounPair) -> Sequence[WscRow]:
    """G(true, pair): two rows that ask about the phrase that the pronoun means."""
    return await _write(llm, seed, label=True)


async def write_false(llm: Llm, seed: PronounPair) -> Sequence[WscRow]:
    """G(false, pair): two rows that ask about the phrase that it does not mean."""
    return await _write(llm, seed, label=False)


async def _write(llm: Llm, seed: PronounPair, *, label: bool) -> Sequence[WscRow]:
    """Two rows: the pronoun means the first-named phrase in one, the other in the other.

    The two labels of a pair name it in opposite orders, and which label has which order changes
    from pair to pair. The model does not see the label, and a reply gives both rows or none. So
    under each label the first-named phrase is meant, and used, equally often.
    """
    turned = (llm.alternate("as listed", "turned") == "turned") == label
    pair = seed
    if turned:
        pair = seed.model_copy(update={"first": seed.second, "second": seed.first})

    def rows(reply: BaseModel) -> list[WscRow]:
        passages = _passages(reply)
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
            for number, passage in enumerate(passages)
        ]
        for row in made:
            check_row(row, seed)
        return made

    def usable(reply: BaseModel) -> None:
        rows(reply)

    llm.note(named_first=pair.first)
    first, second = pair.phrases
    # The other pairs bring their setting with them.
    setting = next((item for item in llm.above if isinstance(item, str)), "") if pair.named else ""
    made = rows(
        await llm.ask(
            _PASSAGES,
            reply=_REPLY,
            check=usable,
            first=first,
            second=second,
            pronouns=", ".join(pair.forms),
            setting=setting or "any",
        )
    )
    _note(llm, made, seed)
    return made


async def write_true_paper(llm: Llm, seed: PronounPair) -> Sequence[WscRow | Rejected]:
    """G(true, pair) as the paper has it: any marked pronoun, and the phrase that it means."""
    return await _write_paper(llm, seed, label=True)


async def write_false_paper(llm: Llm, seed: PronounPair) -> Sequence[WscRow | Rejected]:
    """G(false, pair) as the paper has it: any marked pronoun, and the phrase it does not mean."""
    return await _write_paper(llm, seed, label=False)


async def _write_paper(llm: Llm, seed: PronounPair, *, label: bool) -> Sequence[WscRow | Rejected]:
    """Up to two rows, each for itself: whom the model lets a pronoun mean is its own choice."""

    def rows(reply: BaseModel) -> list[WscRow | Rejected]:
        results: list[WscRow | Rejected] = []
        for number, text in enumerate(_passages(reply)):
            rng = llm.rng(f"pronoun {number}")
            try:
                passage = read_passage(text, seed)
                row = make_row(passage, seed, means_first=None, label=label, rng=rng)
                check_row(row, seed)
            except Rejected as error:
                results.append(error)
            else:
                results.append(row)
        return results

    def usable(reply: BaseModel) -> None:
        made = rows(reply)
        if not made:
            raise Rejected("too-few-passages", "the reply holds no passage")
        if isinstance(made[0], Rejected) and not any(isinstance(row, WscRow) for row in made):
            raise made[0]

    made = rows(
        await llm.ask(
            _PASSAGES_PAPER,
            reply=_REPLY,
            check=usable,
            first=seed.first,
            second=seed.second,
            pronouns=", ".join(seed.forms),
        )
    )
    _note(llm, made, seed)
    return made


def _passages(reply: BaseModel) -> Sequence[str]:
    items: Sequence[str] = getattr(reply, "items")  # noqa: B009 - of any ListReply
    return items[:PASSAGES]


def _note(llm: Llm, made: Sequence[WscRow | Rejected], seed: PronounPair) -> None:
    """Write down of each passage whether its pronoun means the phrase that it names first."""
    for number, row in enumerate(made, 1):
        if isinstance(row, WscRow):
            llm.note(**{f"first_named_meant_{number}": means_first_named(row, seed)})
