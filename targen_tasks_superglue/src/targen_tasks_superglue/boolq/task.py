"""BoolQ: yes/no questions about a passage (paper, section 3.2 and appendix D.6).

Steps: domains -> titles -> paragraphs (the instance seeds) -> a question for
each label -> the meta-prompt. Agrees with the paper / differs:

- the four steps and their inputs agree. The variant `paper` has the 50 topics per domain and 7
  paragraphs per topic. Here a domain gets 5 topics and a topic 2 paragraphs at once, so that a run
  has many;
- code draws the field of a domain, the length and manner of a paragraph, and what a question asks
  about. Left to themselves, models write four sentences of history and ask about the past, where
  the original asks what is so today;
- a passage is in one row, for one label;
- code puts the row into its official form, which the paper does not mention. That is a question in
  lower case without a question mark, and a passage behind its title;
- a question is of one of two kinds, *stated* and *inferred*. One of three is inferred, and mostly
  applies a rule of the passage to a case. The paper's prompt leaves it open, and models then turn a
  sentence into a question;
- both labels are requested in the same form, without words such as "only" or "never". The original
  has these mostly in questions whose answer is no. The paper's own example of a "no" is solved by
  such a word;
- a question that the passage leaves open is rejected as `undecided`. In the
  paper step 3 means by FALSE what the passage contradicts, and step 4 what it
  does not confirm. So do the steps of the variant `paper`. Its step 3 asks for any query with the
  answer yes or no, without our rules on its form;
- a question that offers two answers ("a potter or a painter"), or that asks what the passage says,
  is rejected. This is also so in the variant;
- the worked examples are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, field_validator

from targen_core import Label, Prompt, Rejected, Task
from targen_core.errors import UsageError
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import Case, Variant
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import words
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import prose
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    DOMAINS,
    PAPER_LISTS,
    PARAGRAPHS,
    TITLES,
    Paragraph,
)
from targen_tasks_superglue.shared.content import load_dimensions, load_instructions, load_samples
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.texts import copied_from

_PACKAGE = "targen_tasks_superglue.boolq"
_OFFLINE = offline(_PACKAGE)
KINDS = ("stated", "inferred")


# --- seeds and rows -----------------------------------------------------------

SEPARATOR = " -- "
"""The mark between the title and the text of a passage."""


class BoolqRow(BaseModel):
    """A row in its official form, without `idx`: true if the answer is yes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str
    question: str
    label: StrictBool

    @field_validator("passage")
    @classmethod
    def _opens_with_its_title(cls, passage: str) -> str:
        title, separator, text = passage.partition(SEPARATOR)
        if not separator or not title.strip() or not text.strip():
            raise ValueError(f"the passage does not open with its title and {SEPARATOR.strip()}")
        return passage

    @field_validator("question")
    @classmethod
    def _typed_as_searched(cls, question: str) -> str:
        if not question.strip():
            raise ValueError("the question is empty")
        if question != question.lower():
            raise ValueError("the question is not wholly in lower case")
        if question.rstrip().endswith("?"):
            raise ValueError("the question ends with a question mark")
        return question


# --- checks, without a model --------------------------------------------------

_OPENERS = frozenset(
    "am is are was were do does did has have had can could will would shall should may might "
    "must".split()
)
# Both kinds of question do without them: a claim with "only" or "always" is
# mostly false, and "not" turns a question round. The prompts name them.
_ABSOLUTE = frozenset(
    "only solely always never all every everyone everything none nobody nothing no not nor neither "
    "cannot without".split()
)
_POINTING = frozenset("he she they his her their this these those".split())
_TEXTS = "passage|text|article|paragraph|excerpt|author|writer"
_SAYING = re.compile(
    rf"\b(?:{_TEXTS})s? (?:also |ever |even )?"
    r"(?:says?|said|states?|stated|mentions?|mentioned|tells?|suggests?|claims?|describes?|explains?"
    r"|impl(?:y|ies)|thinks?|believes?)\b"
    rf"|\b(?:said|stated|mentioned|described|implied|named) (?:in|by) (?:the|this) (?:{_TEXTS})\b"
    rf"|\baccording to (?:the|this) (?:{_TEXTS})\b"
)
_THE_TEXT = re.compile(rf"\b(?:the|this) ({_TEXTS})\b(?! (?:of|who)\b)")
# "Is it true that he won" means the same as "did he win".
_TRUE_THAT = re.compile(r"^(?:is|was) it (?:true|correct|false|a fact|the case) that\b")
# Behind "or" these open a second answer: "a potter or a painter", "in 1953 or in 1963".
_AGAIN = (
    r"(?:an?|the|in|on|at|by|for|from|to|with|of|as|his|her|its|their|before|after|during|\d+|"
    + "|".join(sorted(_OPENERS))
    + r")\b"
)
# A title of one's own: "Kora Bridge: It was …", "Kora Bridge. It was …".
_TITLE = re.compile(r"(?P<title>[^.:!?,;(]{4,60}?)(?:[.:]| [-–—]) +(?=[^\sa-z])")
_OWN_TITLE_WORDS = 6
# Else what the first sentence is about, up to a verb or a pause: "The Kora Bridge is …"; behind a
# preposition a name: "In 1912 the Kora Bridge was …"; or else its first words.
_SUBJECT = re.compile(
    r"(?!(?:After|As|At|Before|By|During|For|From|If|In|On|Since|To|When|While|With)\b)"
    r"(?:(?:The|An?) )?(?P<title>(?:[^\s,;(]+ ){0,7}?[^\s,;(]+)"
    rf"(?:\s?[,;(]|\s(?:{'|'.join(sorted(_OPENERS))})\b)"
)
_NAME = re.compile(r"\s(?P<title>[A-Z][\w'-]+(?: [A-Z][\w'-]+)*)")
_FIRST = re.compile(r"(?P<title>(?:\S+ ){0,2}\S+)")
_COPY = 88.0  # similarity with a run of a sentence from which a question is copied


def official_passage(seed: Paragraph) -> str:
    """Return a paragraph as a passage of the dataset: after its title."""
    return f"{seed.title}{SEPARATOR}{seed.text}"


def official_question(text: str) -> str:
    """A question as people type it into a search: in lower case, no question mark."""
    return " ".join(text.split()).strip("\"“”'‘’ ").rstrip("?!. ").strip("\"“”'‘’ ").lower()


def official(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a passage and a question in the dataset's form, from plain texts of a model.

    A passage without a title gets one: the text before its first colon or short stop, or else the
    subject of its first sentence. The question loses its capitals and its mark.
    """
    passage, question = texts["passage"], texts["question"]
    if question == question.lower():  # an official one keeps its spaces and quotation marks
        question = question.rstrip("? ")
    else:
        question = official_question(question)
    if SEPARATOR not in passage:
        passage = _titled(passage)
    return {"passage": passage, "question": question}


def _titled(passage: str) -> str:
    own = _TITLE.match(passage)
    if own is not None and len(own["title"].split()) <= _OWN_TITLE_WORDS:
        return f"{own['title']}{SEPARATOR}{passage[own.end() :]}"
    found = _SUBJECT.match(passage) or _NAME.search(passage) or _FIRST.match(passage)
    title = found["title"] if found else passage
    return f"{title[:1].upper()}{title[1:]}{SEPARATOR}{passage}"


def check_question(row: BoolqRow, seed: Paragraph) -> None:
    """A question is one that yes or no answers, about its passage and not copied from it.

    Raises:
        Rejected: a reason of `check_question_paper`, or `not-yes-no` ("is it
            true that"), `absolute-word`, `pointing-word` (its subject points
            outside the question), `copy-of-sentence`, `unrelated`.
    """
    check_question_paper(row, seed)
    question = row.question
    asked = words(question)
    if _TRUE_THAT.search(question):
        raise Rejected("not-yes-no", "the question asks whether a statement is true")
    for word in asked:
        if word in _ABSOLUTE or word.endswith(("n't", "n’t")):
            raise Rejected("absolute-word", f"the question holds {word!r}")
    if asked[1] in _POINTING:
        raise Rejected("pointing-word", f"{asked[1]!r} does not say whom the question is about")
    # Word order apart, a sentence's words with an auxiliary in front are the sentence.
    copied = copied_from(
        _without_auxiliaries(question), _without_auxiliaries(seed.text), threshold=_COPY
    )
    if copied is not None:
        raise Rejected("copy-of-sentence", f"the passage says it so: {copied[:80]!r}")
    if not content_words(question) & content_words(row.passage):
        raise Rejected("unrelated", "the question shares no content word with the passage")


def check_question_paper(row: BoolqRow, seed: Paragraph) -> None:
    """A question is one that yes or no answers, in the official form (variant `paper`).

    Raises:
        Rejected: a reason of `prose`, or `passage-changed`, `several-questions` or `not-yes-no` (it
            opens with no auxiliary). Or `either-or` (the answer is one of two things, not yes or
            no) or `meta-text` (it asks what the passage says).
    """
    if row.passage != official_passage(seed):
        raise Rejected("passage-changed", "the row's passage is not its seed's")
    question = row.question
    prose(f"{question}?", min_words=4, max_words=20, what="question")
    if "?" in question:
        raise Rejected("several-questions", "there is more than one question")
    asked = words(question)
    if asked[0] not in _OPENERS:
        raise Rejected("not-yes-no", f"{asked[0]!r} opens no question that yes or no answers")
    named = set(_THE_TEXT.findall(question)) - set(words(row.passage))
    if named or _SAYING.search(question):
        raise Rejected("meta-text", "the question is about the passage, not about what it tells")
    if _either_or(question, row.passage):
        raise Rejected("either-or", "the question asks which of two things is so")


def _either_or(question: str, passage: str) -> bool:
    """Return whether a question offers two answers to choose from.

    "A potter or a painter", "in 1953 or 1963", "ill or asleep" and two names are alternatives. "Any
    brothers or sisters" is one thing, and so are words that the passage itself joins by "or".
    """
    for joint in re.finditer(r"(?<=\s)or(?=\s)", question):
        before, after = question[: joint.start()].split(), question[joint.end() :].split()
        if not before or not after:
            return True
        if f"{before[-1]} or {after[0]}" in passage.lower():
            continue
        names = _is_name(before[-1], passage) and _is_name(after[0], passage)
        if names or re.match(_AGAIN, after[0]) or set(before[-3:]) & set(after[:3]):
            return True
        described = before[0] in ("is", "are", "was", "were") and before[1:2] != ["there"]
        if described and len(after) == 1:
            return True
    return False


def _is_name(word: str, passage: str) -> bool:
    """Return whether a passage has a word only with a capital."""
    word = re.escape(word.strip("\"'’,."))
    return bool(re.search(rf"\b{word.capitalize()}\b", passage)) and not re.search(
        rf"\b{word}\b", passage
    )


def _without_auxiliaries(text: str) -> str:
    """A text less the words that a question moves to its front."""
    return " ".join(word for word in text.split() if word.lower() not in _OPENERS)


# --- the steps ----------------------------------------------------------------

_ASK = {
    f"{answer}-{kind}": Prompt(f"{answer}-{kind}", package=_PACKAGE)
    for answer in ("yes", "no")
    for kind in KINDS
}
_ASK_PAPER = {answer: Prompt(f"{answer}-paper", package=_PACKAGE) for answer in ("yes", "no")}
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


# --- clues for the analysis ---------------------------------------------------

_ABSOLUTE_CUES = frozenset("all always every everyone everything never no nobody none only".split())


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The question of an official row."""
    question = words(row["question"])
    return [
        Case(
            texts={"passage": row["passage"], "question": row["question"]},
            cues={
                "first word of the question": question[0] if question else "",
                "only, always, never in the question": (
                    sum(word in _ABSOLUTE_CUES for word in question),
                ),
            },
        )
    ]


# --- the task -----------------------------------------------------------------


def _render(row: BoolqRow) -> str:
    return f"Passage: {row.passage}\nQuestion: {row.question}"


def _template(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


BOOLQ: Task[Paragraph, BoolqRow] = Task(
    name="boolq",
    version="1",
    summary="Yes/no questions about a passage",
    description=(
        "Each row is a passage, which starts with its title and two dashes, and a question in "
        "lower case. The label is `true` if, according to the passage, the answer is yes, and "
        "`false` if it is no. The passage always answers the question."
    ),
    instance=BoolqRow,
    labels=(
        Label("true", True, summary="the passage answers yes"),
        Label("false", False, summary="the passage answers no"),
    ),
    contexts=DOMAINS,
    seeds=(TITLES, PARAGRAPHS),
    dimensions=load_dimensions(_PACKAGE, "questions"),
    generators={"true": write_yes, "false": write_no},
    checks=(check_question,),
    judging=Judging(
        instructions=load_instructions(_PACKAGE),
        samples=load_samples(_PACKAGE),
        rejecting={"undecided": "undecided"},
    ),
    rows=Rows(
        cases=cases,
        from_texts=official,
        seed_fields=("passage",),
        presets={
            "paper": {"true": 2535, "false": 1764},  # Table 2
            "original": {"true": 5874, "false": 3553},  # the official training set
            "balanced": {"true": 2150, "false": 2149},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.question,
        instruction_template=_template("tuning"),
    ),
    variants={
        "paper": Variant(
            "steps 3 and 4 as in the paper: any yes/no question; questions that the passage leaves "
            "open are false",
            {
                "contexts": PAPER_LISTS[0],
                "seeds": PAPER_LISTS[1:],
                "dimensions": (),
                "generators": {"true": write_yes_paper, "false": write_no_paper},
                "checks": (check_question_paper,),
                "prompts": (*PROMPTS_PAPER, META_PROMPT),
                "judging": {
                    "corrector": "meta-paper",
                    "instructions": load_instructions(_PACKAGE, "instructions-paper"),
                    "samples": (*load_samples(_PACKAGE)[:4], *load_samples(_PACKAGE, "paper")),
                    "rejecting": {},
                },
                "texts": {"instruction_template": _template("tuning-paper")},
                "seeding": {"labels_per_seed": None},
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.6, in our own words."),
    seeding=Seeding(labels_per_seed=1),
    calls=CallSettings(
        parameters={
            **ARTICLE_PARAMETERS,
            "generate": {"temperature": 0.7, "max_tokens": 100},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=_OFFLINE,
    ),
)
