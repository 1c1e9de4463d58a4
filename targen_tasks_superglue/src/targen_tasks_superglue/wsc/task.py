"""WSC: whom does a pronoun mean? (paper, section 3.2 and appendix D.5).

Steps: settings -> subject pairs, each with a pronoun (the instance seeds) ->
two passages for each label, their pronouns marked -> the meta-prompt. Agrees
with the paper / differs:

- the four steps, their inputs, and the label semantics agree. They are pairs in a setting, two
  passages of at most two sentences, and every pronoun marked with whom it means. A pronoun is
  drawn, and the asked phrase decides the label. Line 4 of the paper's formula is a misprint (N1 <->
  P is meant);
- which phrase is named first and whom the pronoun means are crossed with the
  label. The paper leaves them to the model, which often means the subject of the sentence. Then
  "the phrase that comes first" would be true more often. Its construction is the variant `paper`:
  two passages without a rule of order, each for itself, one of its pronouns drawn whomever it
  means;
- pairs are first names, people, groups or things, as in the original data; the
  paper's are people and groups. Code draws what a pair is and its pronouns, and also names. A
  setting has five pairs, not ten;
- code draws the form of each passage: length, sentences, place of the pronoun, what its sense turns
  on. If asked the same thing each time, a model writes "The A asked the B, because he had". Labels
  share the draws. The variant has none;
- people do not indicate gender: a drawn "she" cannot mean a widower;
- the drawn pronoun comes after both phrases and is not reflexive, since otherwise grammar would
  settle it;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import Case, DryRunCall, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import Llm
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.content import (
    load_dimensions,
    load_instructions,
    load_samples,
)
from targen_tasks_superglue.shared.offline import reply_to
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)
from targen_tasks_superglue.shared.subjects import (
    PAIRS_PROMPT,
    SUBJECTS_PROMPT,
    PronounPair,
    mixed_pairs,
    paper_pairs,
)
from targen_tasks_superglue.wsc.passages import (
    WscRow,
    check_row,
    make_row,
    marked,
    means_first_named,
    read_passage,
)

_PACKAGE = "targen_tasks_superglue.wsc"


# --- the steps ----------------------------------------------------------------

PASSAGES = 2  # a call, as in the paper

_PASSAGES = Prompt("passages", package=_PACKAGE)
_PASSAGES_PAPER = Prompt("passages_paper", package=_PACKAGE)
PROMPTS = (SETTINGS_PROMPT, PAIRS_PROMPT, _PASSAGES)
PAPER_PROMPTS = (SETTINGS_PROMPT, SUBJECTS_PROMPT, _PASSAGES_PAPER)

_REPLY = list_of("passages", line(35, 420), PASSAGES)

SUBJECT_PAIRS = mixed_pairs()
PAPER_SUBJECT_PAIRS = paper_pairs(pronouns=True)


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


# --- clues for the analysis ---------------------------------------------------


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The phrase and the pronoun of an official row."""
    target, text = row["target"], row["text"]
    phrase, pronoun = int(target["span1_index"]), int(target["span2_index"])
    return [
        Case(
            texts={
                "text": text,
                "phrase": target["span1_text"],
                "pronoun": target["span2_text"],
            },
            reads={
                "text": marked(text, pronoun, target["span2_text"]),
                "pronoun": target["span2_text"],
                "phrase": target["span1_text"],
            },
            cues={
                "place of the phrase": (phrase, phrase / max(1, len(text.split()))),
                "words from the phrase to the pronoun": (pronoun - phrase,),
            },
        )
    ]


# --- the task -----------------------------------------------------------------


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of WSC."""
    first, pronouns = str(call.values.get("first", "")), str(call.values.get("pronouns", ""))
    opens, he = first[:1].upper() + first[1:], pronouns.partition(", ")[0]
    return reply_to(call, _PACKAGE, Opens=opens, he=he)


def _render(row: WscRow) -> str:
    target = row.target
    text = marked(row.text, target.span2_index, target.span2_text)
    return f"Text: {text}\nPronoun: {target.span2_text}\nPhrase: {target.span1_text}"


WSC: Task[PronounPair, WscRow] = Task(
    name="wsc",
    version="1",
    summary="To whom does the pronoun refer?",
    description=(
        "Each row is a short text about two people, groups or things, a phrase that names one of "
        "them, and a pronoun. The label is `true` if the pronoun refers to the phrase, and `false` "
        "if it refers to the other person, group or thing. Only the text's meaning reveals which."
    ),
    instance=WscRow,
    labels=(
        Label("true", True, "the pronoun means what the phrase names"),
        Label("false", False, "the pronoun means someone or something else"),
    ),
    contexts=SETTINGS,
    seeds=(SUBJECT_PAIRS,),
    generators={"true": write_true, "false": write_false},
    dimensions=load_dimensions(_PACKAGE, "passages"),
    checks=(check_row,),
    judging=Judging(instructions=load_instructions(_PACKAGE), samples=load_samples(_PACKAGE)),
    rows=Rows(
        cases=cases,
        oddities={  # spans that are not where they are said to be
            "909afea232e176e9959da19ececf1cb0": "val 42",
            "a5647bf43d12bf6b7707c9b0bd741333": "test 80",
            "bce798032b842be1f9dec7ab55f31a88": "test 81",
            "8d7da5b2848ab13ad7d8a476719611ba": "test 82",
        },
        presets={
            "paper": {"true": 259, "false": 285},  # table 2
            "original": {"true": 259, "false": 295},
            "balanced": {"true": 272, "false": 272},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.text,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "the model chooses which phrase comes first and which is meant, as in the paper",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_SUBJECT_PAIRS,),
                "generators": {"true": write_true_paper, "false": write_false_paper},
                "dimensions": (),
                "judging": {"corrector": "meta-paper"},
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
            },
        ),
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.5, in our own words."),
    seeding=Seeding(instances_per_call=PASSAGES),
    calls=CallSettings(
        parameters={
            "contexts": SETTINGS_PARAMETERS,
            "seeds": {"temperature": 1.0, "max_tokens": 400},
            "generate": {"temperature": 0.7, "max_tokens": 320},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=dry_run,
    ),
)
