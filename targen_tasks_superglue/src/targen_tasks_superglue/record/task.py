"""The ReCoRD task, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from targen_core import Correction, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.record.cases import cases
from targen_tasks_superglue.record.checks import check_query, check_query_paper
from targen_tasks_superglue.record.dimensions import DIMENSIONS
from targen_tasks_superglue.record.dry_run import dry_run
from targen_tasks_superglue.record.rows import (
    OfficialRow,
    RecordRow,
    answer_of,
    entities_of,
    from_rows,
    pack,
    to_rows,
    with_answer,
)
from targen_tasks_superglue.record.samples import (
    INSTRUCTIONS,
    INSTRUCTIONS_PAPER,
    SAMPLES,
    SAMPLES_PAPER,
)
from targen_tasks_superglue.record.steps import (
    PROMPTS,
    PROMPTS_PAPER,
    write_query,
    write_query_paper,
)
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    NEWS,
    NEWS_DOMAINS,
    NEWS_TITLES,
    PAPER_LISTS,
    Paragraph,
)


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
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.7, in our own words.",
    instance=RecordRow,
    contexts=NEWS_DOMAINS,
    seeds=(NEWS_TITLES, NEWS),
    dimensions=DIMENSIONS,
    generators={"any": write_query},
    checks=(check_query,),
    judging=Judging(
        instructions=INSTRUCTIONS, samples=SAMPLES, questions=_questions, aggregate=_aggregate
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
    ),
    texts=Texts(
        render=_render,
        answer=answer_of,
        dedup_text=lambda row: row.query,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.record"),
    ),
    presets={
        "paper": {"any": 1778},  # Table 2
        "original": {"any": 100_730},  # queries of the official training set
        "balanced": {"any": 1778},
    },
    parameters={
        **ARTICLE_PARAMETERS,
        "generate": {"temperature": 0.7, "max_tokens": 200},
        "correct": {"temperature": 0.0, "max_tokens": 400},
    },
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
                    "instructions": INSTRUCTIONS_PAPER,
                    "samples": SAMPLES_PAPER,
                    "questions": _questions_paper,
                },
                "prompts": (*PROMPTS_PAPER, META_PROMPT),
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
