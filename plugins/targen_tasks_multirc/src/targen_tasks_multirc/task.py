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

from collections.abc import Sequence

from targen_core import Correction, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_multirc.cases import cases
from targen_tasks_multirc.checks import (
    check_evidence,
    check_fair,
    check_options,
    check_question,
)
from targen_tasks_multirc.dry_run import dry_run
from targen_tasks_multirc.official import OfficialMultiRc, from_rows, pack, to_rows
from targen_tasks_multirc.rows import MultiRcQuestion
from targen_tasks_multirc.samples import (
    INSTRUCTIONS,
    INSTRUCTIONS_PAPER,
    ONE_SENTENCE,
    SAMPLES,
    SAMPLES_PAPER,
)
from targen_tasks_multirc.steps import (
    CATEGORIES,
    DIMENSIONS,
    PROMPTS,
    QUESTIONS,
    write_question_paper,
    write_questions,
)
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    PAPER_LISTS,
    PASSAGES,
    TITLES,
    Paragraph,
)


def _questions(question: MultiRcQuestion) -> list[JudgeQuestion]:
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
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.3, in our own words.",
    instance=MultiRcQuestion,
    contexts=CATEGORIES,
    seeds=(TITLES, PASSAGES),
    generators={"any": write_questions},
    instances_per_call=QUESTIONS,
    dimensions=DIMENSIONS,
    checks=(check_question, check_options, check_fair, check_evidence),
    judging=Judging(
        instructions=INSTRUCTIONS,
        samples=SAMPLES,
        questions=_questions,
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
    ),
    texts=Texts(
        render=MultiRcQuestion.render,
        answer=MultiRcQuestion.answer,
        dedup_text=_written,
        instruction_template=Prompt("tuning", package="targen_tasks_multirc"),
    ),
    presets={
        "small": {"any": 100},
        "original": {"any": 5131},  # questions of the official training set
    },
    parameters={
        **ARTICLE_PARAMETERS,
        "generate": {"temperature": 0.7, "max_tokens": 700},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "the model chooses the options, their order and how many are correct, without a rule "
            "against giveaways. Step 4 does not ask whether one sentence is enough",
            {
                "seeds": PAPER_LISTS[1:],
                "dimensions": (),
                "generators": {"any": write_question_paper},
                "instances_per_call": 1,
                "checks": (check_question, check_options),
                "judging": {
                    "instructions": INSTRUCTIONS_PAPER,
                    "samples": SAMPLES_PAPER,
                    "questions": _questions_paper,
                    "rejecting": {},
                },
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
