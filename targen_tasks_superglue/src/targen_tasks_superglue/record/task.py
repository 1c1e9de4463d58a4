"""ReCoRD: reading comprehension with commonsense reasoning (paper, appendix D.7).

Steps: domains -> titles -> paragraphs (the instance seeds) -> a statement with
one entity masked -> the meta-prompt. Agrees with the paper / differs:

- the four steps and their inputs agree, and so does the label: an open one, the entity behind the
  mask. The 50 topics a domain and 7 paragraphs a topic are those of the variant `paper`;
- passages are reports of 100 to 200 words that come back to their people, as in the original. Code
  draws the field, length and manner of each;
- the statement is about the passage's people and places, and is not one of its sentences. Half may
  be a fact of the passage in other words; the rest is likely, given the passage. The paper asks for
  a statement "about the events in the paragraph" that holds "no events mentioned in the paragraph".
  This is our reading of the two;
- how a statement is built and what it tells is drawn as well;
- code finds the entities in the passage by rule, so that every one of them is really in it, at its
  place. The model does not list them;
- three entities are drawn by lot, all with the same chance, and the model takes
  the one that can be singled out. Models choose the first-named or the most
  frequent one, which can then be guessed without the query. In the paper the
  model chooses among all: variant `paper`;
- `source` is the constant "targen", not the run's name: a row has the same
  bytes wherever its run lies and whatever it is called. Rows that are read
  and written again keep theirs;
- the mask is `@placeholder`, as in the original. The paper prints [X];
- step 4 asks which entities fit: more than one, and the query is rejected as
  ambiguous. The paper asks for "the entity", and so does the variant `paper`;
- passages have no `@highlight` lines: these come from the newspapers' own
  summaries;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from targen_core import Correction, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import RIGHT, WRONG, Case, DryRunCall, Variant
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import normalized
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.record.entities import Entity, find_entities
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.record.rows import (
    MASK,
    OfficialRow,
    Place,
    RecordRow,
    answer_of,
    answers_for,
    check_query,
    check_query_paper,
    eligible,
    entities_of,
    from_rows,
    pack,
    to_rows,
    with_answer,
)
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    NEWS,
    NEWS_DOMAINS,
    NEWS_TITLES,
    PAPER_LISTS,
    Paragraph,
)
from targen_tasks_superglue.shared.content import load_dimensions, load_instructions, load_samples
from targen_tasks_superglue.shared.offline import reply_to
from targen_tasks_superglue.shared.texts import shared

_PACKAGE = "targen_tasks_superglue.record"
SAMPLES = load_samples(_PACKAGE)
# Those whose answer is one entity: in the variant no query is ambiguous.
SAMPLES_PAPER = tuple(
    sample for sample in SAMPLES if isinstance(sample.actual, str) or len(sample.actual) == 1
)


# --- the steps ----------------------------------------------------------------

_QUERY = Prompt("query", package=_PACKAGE)
_QUERY_PAPER = Prompt("query-paper", package=_PACKAGE)
PROMPTS = (_QUERY,)
PROMPTS_PAPER = (_QUERY_PAPER,)

_OFFERED = 3  # names that a model chooses from


class _Statement(BaseModel):
    name: line(1, 80)  # type: ignore[valid-type]
    statement: line(40, 320)  # type: ignore[valid-type]


class _Query(BaseModel):
    query: line(40, 320)  # type: ignore[valid-type]
    answer: line(1, 80)  # type: ignore[valid-type]


async def write_query(llm: Llm, seed: Paragraph) -> RecordRow:
    """G(entity, passage): a query that the entity answers.

    Three entities are drawn here, all with the same chance, and the model takes the one that a
    statement can single out. If the model could choose from all, it would mostly take the
    first-named or the most frequent one. That could then be guessed without the query. If only one
    were drawn, most statements about a place or a firm would also fit other names.

    Raises:
        Rejected: `few-entities`, before anything is asked; `illegal-answer`, `tangled-name`,
            `no-mask`, `several-masks`, or a reason of `check_query`, if a repair did not help.
    """
    entities = find_entities(seed.text)
    clear = eligible(entities, seed.text)
    offered = llm.rng("answer").sample(clear, min(_OFFERED, len(clear)))

    def row(draft: _Statement) -> RecordRow:
        return _row(seed, entities, _chosen(draft.name, entities), draft.statement)

    reply = await llm.ask(
        _QUERY,
        reply=_Statement,
        check=lambda draft: check_query(row(draft), seed),
        passage=seed.text,
        names="; ".join(entity.name for entity in offered),
        others="; ".join(entity.name for entity in entities if entity not in offered) or "none",
    )
    chosen = _chosen(reply.name, entities)
    llm.note(**_about(entities, chosen), offered=chosen in offered)
    return row(reply)


async def write_query_paper(llm: Llm, seed: Paragraph) -> RecordRow:
    """A query on an entity of the model's own choice (variant `paper`).

    Raises:
        Rejected: `few-entities`, before anything is asked; `illegal-answer`, `tangled-name`,
            `no-mask`, `several-masks`, or a reason of `check_query_paper`, if a repair did not
            help.
    """
    entities = find_entities(seed.text)
    eligible(entities, seed.text)

    def row(draft: _Query) -> RecordRow:
        query = draft.query.replace("[X]", MASK).replace("[x]", MASK)
        if MASK.casefold() not in query.casefold():
            raise Rejected("no-mask", "the query holds no [X]")
        return _row(seed, entities, _chosen(draft.answer, entities), query)

    reply = await llm.ask(
        _QUERY_PAPER,
        reply=_Query,
        check=lambda draft: check_query_paper(row(draft), seed),
        passage=seed.text,
    )
    llm.note(**_about(entities, _chosen(reply.answer, entities)))
    return row(reply)


def _chosen(name: str, entities: list[Entity]) -> Entity:
    """The entity that a model means by a name.

    Raises:
        Rejected: `illegal-answer` or `tangled-name`.
    """
    form = normalized(name.removeprefix("the ").removeprefix("The "))
    for entity in entities:
        if form in map(normalized, entity.forms):
            if entity.tangled:
                raise Rejected("tangled-name", f"{name!r} may be another entity as well")
            return entity
    raise Rejected("illegal-answer", f"the passage does not name {name!r}")


def _about(entities: list[Entity], intended: Entity) -> dict[str, int | bool]:
    """Return notes on the entity that a query was written for.

    Step 4 may find another answer; these stay those of the entity intended.
    """
    max_mentions = max(len(entity.mentions) for entity in entities)
    return {
        "entities": len(entities),
        "intended_place": entities.index(intended) + 1,
        "intended_most_frequent": len(intended.mentions) == max_mentions,
    }


def _row(seed: Paragraph, entities: list[Entity], answer: Entity, statement: str) -> RecordRow:
    """The row that a statement makes.

    Raises:
        Rejected: `no-mask` or `several-masks`.
    """
    spans = sorted(span for entity in entities for span in entity.mentions)
    return RecordRow(
        text=seed.text,
        entities=tuple(Place(start=span.start, end=span.end) for span in spans),
        query=_masked(" ".join(statement.split()), entities, answer),
        answers=answers_for(seed.text, answer),
    )


def _masked(statement: str, entities: list[Entity], answer: Entity) -> str:
    """A statement with the mask in place of the answer, which it names once.

    A name inside a longer one is not a mention: "Vesterby" is not named by "Vesterby Museum". A
        statement that is already masked is not changed.
    """
    statement = re.sub(re.escape(MASK), MASK, statement, flags=re.IGNORECASE)
    known = [form for entity in entities for form in entity.forms]
    names = find_names(statement.replace(MASK, "X" * len(MASK)), known=known)
    mentions = [span for span in names if span.of(statement) in answer.forms]
    masks = statement.count(MASK) + len(mentions)
    if masks == 0:
        raise Rejected("no-mask", f"the statement does not name {answer.name!r}")
    if masks > 1:
        raise Rejected("several-masks", f"the statement names {answer.name!r} {masks} times")
    for span in mentions:
        return statement[: span.start] + MASK + statement[span.end + 1 :]
    return statement


# --- clues for the analysis ---------------------------------------------------


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The different entities of an official row's passage, for each query with answers."""
    text = row["passage"]["text"]
    places = sorted((place["start"], place["end"]) for place in row["passage"]["entities"])
    named = Counter(text[start : end + 1] for start, end in places)  # in the passage's order
    return [
        case
        for number, query in enumerate(row["qas"])
        if query.get("answers")
        for case in _options(text, named, query, number)
    ]


def _options(
    text: str, named: Counter[str], query: Mapping[str, Any], number: int
) -> Iterator[Case]:
    right = {answer["text"] for answer in query["answers"]}
    for place, (entity, times) in enumerate(named.items()):
        yield Case(
            texts={"passage": text, "query": query["query"], "entity": entity},
            answer=entity,
            label=RIGHT if entity in right else WRONG,
            cues={
                "place among the entities": (place, place / len(named)),
                "how often the passage names it": (
                    times,
                    sum(other > times for other in named.values()),
                ),
                "whether the query names it": (shared(entity, query["query"]),),
            },
            question=number,
        )


_PACKAGE = "targen_tasks_superglue.record"


# --- the task -----------------------------------------------------------------


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of ReCoRD."""
    values, rng = call.values, call.rng
    if call.prompt == "query":
        chosen = rng.choice(str(values["names"]).split("; "))
        return reply_to(call, _PACKAGE, chosen=chosen, shown=chosen)
    if call.prompt == "query-paper":
        passage = str(values["passage"])
        chosen = rng.choice(eligible(find_entities(passage), passage)).name
        return reply_to(call, _PACKAGE, chosen=chosen, shown="[X]")
    if call.prompt not in ("meta", "solve"):
        return reply_to(call, _PACKAGE)
    entities = str(values["input"]).rpartition("\nEntities: ")[2]
    reply = reply_to(call, _PACKAGE, entities=entities)
    # The worked samples show whether one answer or a list is requested.
    if any('": ["' in message.content for message in values["samples"]):
        key = "actual" if call.prompt == "meta" else "answer"
        reply[key] = [reply[key]]
    return reply


def _render(row: RecordRow) -> str:
    return f"Passage: {row.text}\nQuery: {row.query}"


def _questions(row: RecordRow) -> Sequence[JudgeQuestion]:
    """Ask which entities fit, since a second fitting one makes the query ambiguous."""
    names = tuple(entity.name for entity in entities_of(row))
    text = f"{_render(row)}\nEntities: {'; '.join(names)}"
    return [JudgeQuestion(text, (answer_of(row),), names, several=True)]


def _questions_paper(row: RecordRow) -> Sequence[JudgeQuestion]:
    """Return which entity fits best."""
    return [replace(question, several=False) for question in _questions(row)]


def _aggregate(row: RecordRow, answers: Sequence[JudgeAnswer]) -> Correction:
    (answer,) = answers
    if len(answer.answers) > 1:
        return Correction.reject("ambiguous", answer.explanation)
    return Correction(answer.answers[0], answer.explanation)


RECORD: Task[Paragraph, RecordRow] = Task(
    name="record",
    version="1",
    summary="Reading comprehension with commonsense reasoning",
    description=(
        "Each row is a passage, the positions of the entities that it names, and a query. The "
        "query is a statement that fits the passage without repeating it, with one entity masked. "
        "The answer is that entity, with every position at which the passage names it."
    ),
    instance=RecordRow,
    contexts=NEWS_DOMAINS,
    seeds=(NEWS_TITLES, NEWS),
    dimensions=load_dimensions(_PACKAGE, "queries"),
    generators={"any": write_query},
    checks=(check_query,),
    judging=Judging(
        instructions=load_instructions(_PACKAGE),
        samples=SAMPLES,
        questions=_questions,
        aggregate=_aggregate,
    ),
    rows=Rows(
        schema=OfficialRow,
        to_rows=to_rows,
        from_rows=from_rows,
        pack=pack,
        label_of=answer_of,
        with_label=with_answer,
        fields=("passage.text", "qas.query"),
        seed_fields=("passage.text",),
        cases=cases,
        presets={
            "paper": {"any": 1778},  # Table 2
            "original": {"any": 100_730},  # queries of the official training set
            "balanced": {"any": 1778},
        },
    ),
    texts=Texts(
        render=_render,
        answer=answer_of,
        dedup_text=lambda row: row.query,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "as in the paper, the model chooses the entity (step 3) and gives one answer (step 4)",
            {
                "contexts": PAPER_LISTS[0],
                "seeds": PAPER_LISTS[1:],
                "dimensions": (),
                "generators": {"any": write_query_paper},
                "checks": (check_query_paper,),
                "judging": {
                    "corrector": "meta-paper",
                    "instructions": load_instructions(_PACKAGE, "instructions-paper"),
                    "samples": SAMPLES_PAPER,
                    "questions": _questions_paper,
                },
                "prompts": (*PROMPTS_PAPER, META_PROMPT),
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.7, in our own words."),
    calls=CallSettings(
        parameters={
            **ARTICLE_PARAMETERS,
            "generate": {"temperature": 0.7, "max_tokens": 200},
            "correct": {"temperature": 0.0, "max_tokens": 400},
        },
        dry_run=dry_run,
    ),
)
