"""MultiRC: multi-sentence reading comprehension (paper, appendix D.3).

Steps: fixed categories -> topics -> passages (the instance seeds) ->
questions with options -> the meta-prompt. Agrees with the paper / differs:

- the four steps agree. The paper has fifteen categories, a question that needs several sentences,
  options with one, some or all right, and the same context of step 4. The variant `paper` has 50
  topics per category and 7 paragraphs per topic. Here a category gets 5 topics and a topic 2
  passages;
- passages have 11 to 18 sentences, as in the original (264 words);
- a call writes two questions on its paragraph, which is then paid once for
  both; the paper writes one. The original has eleven a passage;
- code draws the number of options and of right ones. It also draws whether these are several things
  or one answer in several wordings, as often in the original. It also draws what is asked for, and
  it shuffles the options. A question is refused if its right options are longer or shorter than the
  wrong ones (original: 6.2 words against 3.4). It is also refused if it states how many are right,
  or if its options are yes and no or contain one another;
- sets with every option right come from one question in a hundred, so that
  they stay far under 5% of the rows;
- step 4 also says whether one sentence of the passage settles the question, and such a question is
  rejected. The paper asks for several sentences and never looks;
- the paper's own method, without these rules, is the variant `paper`. It has one question per call,
  with the model's options in the model's order;
- the paper gives neither counts nor results, as it left the task out for its price. Presets are
  `small` and the size of the original training set;
- the worked examples are ours.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from targen_core import Correction, Prompt, Rejected, Task
from targen_core.errors import UsageError
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import RIGHT, WRONG, Case, DryRunCall, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_multirc.rows import (
    MultiRcQuestion,
    OfficialMultiRc,
    Option,
    check_evidence,
    check_fair,
    check_options,
    check_question,
    from_rows,
    letter,
    pack,
    to_rows,
)
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    PAPER_LISTS,
    PASSAGES,
    TITLES,
    Paragraph,
)
from targen_tasks_superglue.shared.content import load_dimensions, load_instructions, load_samples
from targen_tasks_superglue.shared.offline import reply_to
from targen_tasks_superglue.shared.texts import beside_lengths, is_labeled, sentences

_PACKAGE = "targen_tasks_multirc"
ONE_SENTENCE = "one_sentence"
"""The output for a question that one sentence of the passage settles."""


QUESTIONS = 2
"""Questions on a paragraph in one call: the paragraph is paid once for both."""

ALL_RIGHT = 0.01
"""Share of questions that may have no wrong option (0.4% in the original).

They are capped at 5% of the rows. A share of 5% here would pass the cap in every other run. At 1
%, the other questions would have to be rejected five times as often as these to pass it.
"""

_CATEGORIES = (
    "news reports",
    "encyclopaedia articles, as in Wikipedia",
    "history and anthropology",
    "society, law and justice",
    "science textbooks for elementary school",
    "reports on the attacks of 11 September 2001",
    "fiction: the plots of novels and films",
    "art",
    "computer science",
    "biological processes",
    "physics",
    "chemistry",
    "linguistics",
    "psychiatry and psychology",
    "supernatural phenomena",
)

_QUESTIONS = Prompt("questions", package=_PACKAGE)
_QUESTION_PAPER = Prompt("question-paper", package=_PACKAGE)
PROMPTS = (_QUESTIONS, _QUESTION_PAPER)
_LETTER = re.compile(r"^\(?([A-Z])(?:[).:]|$)", re.IGNORECASE)


class _Question(BaseModel):
    """What is needed comes first: the question is then asked about it."""

    sentences: list[int]
    question: line(20, 200)  # type: ignore[valid-type]
    right: list[line(2, 120)]  # type: ignore[valid-type]
    wrong: list[line(2, 120)]  # type: ignore[valid-type]


class _QuestionPaper(BaseModel):
    """The paper's form: the model's own options in its own order, then the right ones."""

    question: line(20, 200)  # type: ignore[valid-type]
    options: list[line(2, 120)]  # type: ignore[valid-type]
    right: list[str]


async def _propose_categories(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    return _CATEGORIES


CATEGORIES = ListStep(
    item=str,
    propose=_propose_categories,
    batch=len(_CATEGORIES),
    once=True,
    summary="fifteen fixed categories of texts; does not call a model",
)


_LISTED, _ONE_ANSWER = "a list", "one answer"
KINDS = (_LISTED, _ONE_ANSWER)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The number of options for a question, how many of them are right, and their kind."""

    options: int
    right: int
    kind: str = _LISTED
    twice: bool = False  # whether some wrong options are one thing in two wordings as well

    @property
    def text(self) -> str:
        """Return its text for the prompt."""
        said = f"{self.options} options, of which {self.right} right"
        if self.kind == _ONE_ANSWER:
            said += ": one answer of one to four words" + (
                "" if self.right == 1 else f" in {self.right} wordings"
            )
        if self.twice:
            said += "; two of the wrong ones name one other thing in two wordings"
        return said

    @property
    def all_right(self) -> bool:
        return self.options == self.right


def _plan(rng: random.Random, kind: str) -> _Plan:
    """Drawn by code: models that choose give one right option to nearly every question."""
    if rng.random() < ALL_RIGHT:
        options = rng.choice((3, 4))
        return _Plan(options, options)
    if kind == _ONE_ANSWER:
        right = rng.choice((1, 1, 2, 2))
        options = rng.choice((3, 4, 5, 5) if right == 1 else (4, 4, 5, 5))
        # Otherwise, an answer in two wordings would always be right.
        return _Plan(options, right, kind, twice=right == 2 or (options > 3 and rng.random() < 0.5))
    return _Plan(rng.choice((4, 5, 5, 6)), rng.choice((2, 2, 3)))


def _kind(draw: Mapping[str, str], number: int) -> str:
    kind = draw.get("kind", KINDS[number % 2])
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of question; the kinds are: {', '.join(KINDS)}")
    return kind


def _told(draw: Mapping[str, str], kind: str) -> Mapping[str, str]:
    """Return the part of a draw for the prompt, without traits of questions of the other kind."""
    other = "joins" if kind == _LISTED else "asks"
    return {name: value for name, value in draw.items() if name != other}


async def write_questions(llm: Llm, seed: Paragraph) -> Sequence[MultiRcQuestion]:
    """Questions that need several sentences of a paragraph, with right and wrong options."""
    kinds = [_kind(draw, number) for number, draw in enumerate(llm.draws)]
    plans = [_plan(llm.rng(f"plan {number}"), kind) for number, kind in enumerate(kinds)]
    numbered = " ".join(f"({place}) {part}" for place, part in enumerate(sentences(seed.text), 1))

    def questions_of(reply: Any) -> list[MultiRcQuestion]:
        pairs = zip(reply.items, plans, strict=False)
        return [_question(llm, seed, at, item, plan) for at, (item, plan) in enumerate(pairs)]

    repaired = False

    def fair(reply: Any) -> None:
        # One repair; after that, an unfair question is rejected by itself, without the other one.
        nonlocal repaired
        if not repaired:
            repaired = True
            for question in questions_of(reply):
                check_fair(question, seed)

    reply = await llm.ask(
        _QUESTIONS,
        reply=list_of("questions", _Question, QUESTIONS),
        check=fair,
        draws=[_told(draw, kind) for draw, kind in zip(llm.draws, kinds, strict=True)],
        passage=numbered,
        wanted="\n".join(f"Question {number}: {plan.text}" for number, plan in enumerate(plans, 1)),
    )
    llm.note(
        **{
            f"evidence{number}": ", ".join(map(str, item.sentences))
            for number, item in enumerate(reply.items[:QUESTIONS], 1)
        }
    )
    return questions_of(reply)


def _question(
    llm: Llm, seed: Paragraph, number: int, item: _Question, plan: _Plan
) -> MultiRcQuestion:
    options = [Option(text=text.strip(), right=True) for text in item.right]
    options += [Option(text=text.strip(), right=False) for text in item.wrong]
    llm.rng(f"order {number}").shuffle(options)
    return MultiRcQuestion(
        passage=seed.text,
        question=" ".join(item.question.split()),
        options=tuple(options),
        evidence=tuple(item.sentences),
        all_right=plan.all_right,
    )


async def write_question_paper(llm: Llm, seed: Paragraph) -> MultiRcQuestion:
    """A question as the paper has it made (variant `paper`).

    The model chooses how many options there are and how many of them are
    right, and their order; no sentences are named.
    """

    def usable(reply: _QuestionPaper) -> None:
        for said in reply.right:
            _place(said, reply.options)

    reply = await llm.ask(
        _QUESTION_PAPER, reply=_QuestionPaper, check=usable, passage=" ".join(seed.text.split())
    )
    right = {_place(said, reply.options) for said in reply.right}
    return MultiRcQuestion(
        passage=seed.text,
        question=" ".join(reply.question.split()),
        options=tuple(
            Option(text=text.strip(), right=place in right)
            for place, text in enumerate(reply.options)
        ),
        all_right=True,
    )


def _place(said: str, options: Sequence[str]) -> int:
    """Return which option is meant by a letter, or by its text.

    Raises:
        Rejected: `no-such-option`.
    """
    if said in options:
        return options.index(said)
    letter = _LETTER.match(said.strip())
    place = ord(letter[1].upper()) - ord("A") if letter else len(options)
    if place >= len(options):
        raise Rejected("no-such-option", f"{said[:60]!r} is none of the {len(options)} options")
    return place


# --- clues for the analysis ---------------------------------------------------


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The options of every question of an official row."""
    passage = row["passage"]["text"]
    return [
        case
        for number, question in enumerate(row["passage"]["questions"])
        for case in _options(passage, question["question"], question["answers"], number)
    ]


def _options(
    passage: str, question: str, answers: list[Mapping[str, Any]], number: int
) -> Iterator[Case]:
    texts = [answer["text"] for answer in answers]
    lengths = beside_lengths(texts)
    for place, answer in enumerate(answers):
        if is_labeled(answer):
            yield Case(
                texts={"passage": passage, "question": question, "option": texts[place]},
                answer=f"{letter(place)}) {texts[place]}",
                several=True,
                label=RIGHT if int(answer["label"]) == 1 else WRONG,
                cues={
                    "place among the options": (place, place - len(answers)),
                    "number of options": (len(answers),),
                    "length beside the other options": lengths[place],
                },
                question=number,
            )


# --- the task -----------------------------------------------------------------


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of MultiRC."""
    reply = reply_to(call, _PACKAGE)
    if call.prompt == "meta":
        reply["actual"] = str(call.values["output"]).split("; ")
    return reply


def _judge_questions(question: MultiRcQuestion) -> list[JudgeQuestion]:
    """One question: all letters that are right, or that the question is too easy."""
    options = (*question.letters, ONE_SENTENCE)
    return [JudgeQuestion(question.render(), question.right, options, several=True)]


def _questions_paper(question: MultiRcQuestion) -> list[JudgeQuestion]:
    """One question: all letters that are right."""
    return [JudgeQuestion(question.render(), question.right, question.letters, several=True)]


def _aggregate(question: MultiRcQuestion, answers: Sequence[JudgeAnswer]) -> Correction:
    (answer,) = answers
    return Correction(", ".join(answer.answers), answer.explanation)


def _written(question: MultiRcQuestion) -> str:
    """Return what differs between two questions on one passage; the order of options is ours."""
    return " ".join([question.question, *sorted(option.text for option in question.options)])


MULTIRC: Task[Paragraph, MultiRcQuestion] = Task(
    name="multirc",
    version="1",
    summary="Multi-sentence reading comprehension",
    description=(
        "Each row is a passage with one question and its options. An option's label is 1 if, "
        "according to the passage, the option answers the question, and 0 otherwise. One, some or "
        "all options may be right. No single sentence of the passage is enough to answer the "
        "question. `targen export` groups the questions by passage."
    ),
    instance=MultiRcQuestion,
    contexts=CATEGORIES,
    seeds=(TITLES, PASSAGES),
    generators={"any": write_questions},
    dimensions=load_dimensions(_PACKAGE, "questions"),
    checks=(check_question, check_options, check_fair, check_evidence),
    judging=Judging(
        instructions=load_instructions(_PACKAGE),
        samples=load_samples(_PACKAGE),
        questions=_judge_questions,
        rejecting={ONE_SENTENCE: "one-sentence"},
        aggregate=_aggregate,
    ),
    rows=Rows(
        schema=OfficialMultiRc,
        to_rows=to_rows,
        from_rows=from_rows,
        pack=pack,
        label_of=lambda question: question.label,
        with_label=MultiRcQuestion.with_label,
        seed_fields=("passage.text",),
        cases=cases,
        oddities={  # an empty answer, or the same answer twice
            "6f641220f9eae659f352699bda531ad7": "train 1",
            "9214d70ccadf3fb9a74b10a3cdb19134": "train 26",
            "255bbfc47263aef7b8e1c3493233e121": "train 37",
            "d8cceba11e325ba9b02e756ff33b5cdd": "train 113",
            "c0103ec7c9097b98e396a5bbc3f7f136": "train 121",
            "ef049221760d3a35bf825dce68fbefd5": "train 182",
            "a40d92eb1198751a63e25dfa138fbb79": "train 304",
            "873b47b6969aa41b4ee457eaa8184938": "train 431",
            "9ea95d3de30761d29a84836cb3e3d88c": "val 3",
            "decb41c1f7679887c8653fd88e9dc3d0": "test 41",
            "581f99dcb4d0f1788bf34b9538ae1b41": "test 52",
            "a735259bbd5d089712e964f95ba0bbf8": "test 83",
            "399df92d2abc1e0d3fd73262383121ee": "test 94",
        },
        presets={
            "small": {"any": 100},
            "original": {"any": 5131},  # questions of the official training set
        },
    ),
    texts=Texts(
        render=MultiRcQuestion.render,
        answer=MultiRcQuestion.answer,
        dedup_text=_written,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "the model chooses the options, their order and how many are correct, without a rule "
            "against giveaways. Step 4 does not ask whether one sentence is enough",
            {
                "seeds": PAPER_LISTS[1:],
                "dimensions": (),
                "generators": {"any": write_question_paper},
                "checks": (check_question, check_options),
                "judging": {
                    "corrector": "meta-paper",
                    "instructions": load_instructions(_PACKAGE, "instructions-paper"),
                    # Without the question that one sentence settles.
                    "samples": tuple(
                        each for each in load_samples(_PACKAGE) if each.actual != (ONE_SENTENCE,)
                    ),
                    "questions": _questions_paper,
                    "rejecting": {},
                },
                "seeding": {"instances_per_call": 1},
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.3, in our own words."),
    seeding=Seeding(instances_per_call=QUESTIONS),
    calls=CallSettings(
        parameters={
            **ARTICLE_PARAMETERS,
            "generate": {"temperature": 0.7, "max_tokens": 700},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=dry_run,
    ),
)
