"""SuperGLUE tasks as a targen plugin: this module only registers them, without other imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.tasks.steps import InverseGenerator, ListStep


@hookimpl
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    """The tasks, one module each."""
    register.register(
        "axg",
        "targen_tasks_superglue.axg.task:AXG",
        summary="entailment that must not depend on whether a pronoun is he or she",
    )
    register.register(
        "boolq",
        "targen_tasks_superglue.boolq.task:BOOLQ",
        summary="yes/no questions: what answer does the passage give?",
    )
    register.register(
        "cb",
        "targen_tasks_superglue.cb.task:CB",
        summary="commitment: does the premise entail or contradict the hypothesis, or neither?",
    )
    register.register(
        "copa",
        "targen_tasks_superglue.copa.task:COPA",
        summary="choice of plausible alternatives: the cause or the result of an event",
    )
    register.register(
        "record",
        "targen_tasks_superglue.record.task:RECORD",
        summary="a statement about a passage with a masked entity: which one belongs there?",
    )
    register.register(
        "rte",
        "targen_tasks_superglue.rte.task:RTE",
        summary="textual entailment: does the hypothesis follow from the premise?",
    )
    register.register(
        "wic",
        "targen_tasks_superglue.wic.task:WIC",
        summary="words in context: does a word mean the same thing in two sentences?",
    )
    register.register(
        "wsc",
        "targen_tasks_superglue.wsc.task:WSC",
        summary="pronouns: to whom does the pronoun refer?",
    )


@hookimpl
def register_contexts(register: Register[ListStep[Any]]) -> None:
    """Context sources that other tasks may reuse."""
    register.register(
        "article-domains",
        "targen_tasks_superglue.shared.articles:DOMAINS",
        summary="domains to write articles about",
    )
    register.register(
        "settings",
        "targen_tasks_superglue.shared.settings:SETTINGS",
        summary="settings in which events take place and people interact",
    )
    register.register(
        "topics",
        "targen_tasks_superglue.rte.task:TOPICS",
        summary="narrow topics to write facts about",
    )


@hookimpl
def register_seeds(register: Register[ListStep[Any]]) -> None:
    """Seed sources that other tasks may reuse."""
    register.register(
        "events",
        "targen_tasks_superglue.copa.task:EVENTS",
        summary="short sentences about events, generated for a setting",
    )
    register.register(
        "article-paragraphs",
        "targen_tasks_superglue.shared.articles:PARAGRAPHS",
        summary="short paragraphs on a topic, generated for article titles",
    )
    register.register(
        "article-titles",
        "targen_tasks_superglue.shared.articles:TITLES",
        summary="topics of articles in a category",
    )
    register.register(
        "premises",
        "targen_tasks_superglue.rte.task:PREMISES",
        summary="dense factual sentences, generated for a topic",
    )
    register.register(
        "pronoun-sentences",
        "targen_tasks_superglue.axg.task:SENTENCES",
        summary="sentences that differ in a gendered pronoun, generated for "
        "pairs of singular subjects",
    )
    register.register(
        "singular-subject-pairs",
        "targen_tasks_superglue.axg.task:SUBJECT_PAIRS",
        summary="two people of any gender, generated for a setting",
    )
    register.register(
        "subject-pairs",
        "targen_tasks_superglue.wsc.task:SUBJECT_PAIRS",
        summary="two names, people, groups or things and a pronoun for either, generated for a "
        "setting",
    )
    register.register(
        "paper-subject-pairs",
        "targen_tasks_superglue.wsc.task:PAPER_SUBJECT_PAIRS",
        summary="two people or groups and a pronoun for either, generated for a setting",
    )
    register.register(
        "words",
        "targen_tasks_superglue.wic.task:WORDS",
        summary="verbs and nouns with several meanings",
    )
    register.register(
        "word-senses",
        "targen_tasks_superglue.wic.task:SENSES",
        summary="the meanings of a word, generated for each word",
    )


@hookimpl
def register_inverse_generators(register: Register[InverseGenerator[Any, Any]]) -> None:
    """Inverse generators that derived tasks may reuse."""
    register.register(
        "axg-entailment",
        "targen_tasks_superglue.axg.task:write_entailment",
        summary="a hypothesis about the person to whom a pronoun refers",
    )
    register.register(
        "axg-not-entailment",
        "targen_tasks_superglue.axg.task:write_swapped",
        summary="the same kind of hypothesis about the other person",
    )
    register.register(
        "boolq-false",
        "targen_tasks_superglue.boolq.task:write_no",
        summary="a question that a passage answers with no",
    )
    register.register(
        "boolq-true",
        "targen_tasks_superglue.boolq.task:write_yes",
        summary="a question that a passage answers with yes",
    )
    register.register(
        "cb-contradiction",
        "targen_tasks_superglue.cb.task:write_contradiction",
        summary="pairs in a setting whose hypothesis the premise rules out",
    )
    register.register(
        "cb-entailment",
        "targen_tasks_superglue.cb.task:write_entailment",
        summary="pairs in a setting whose hypothesis follows from the premise",
    )
    register.register(
        "cb-neutral",
        "targen_tasks_superglue.cb.task:write_neutral",
        summary="pairs in a setting whose hypothesis the premise leaves open",
    )
    register.register(
        "copa-choice1",
        "targen_tasks_superglue.copa.task:write_choice1",
        summary="a likely and an unlikely cause or result of an event, the likely one first",
    )
    register.register(
        "copa-choice2",
        "targen_tasks_superglue.copa.task:write_choice2",
        summary="a likely and an unlikely cause or result of an event, the likely one second",
    )
    register.register(
        "record-query",
        "targen_tasks_superglue.record.task:write_query",
        summary="a new statement about a passage with one of its entities masked",
    )
    register.register(
        "rte-entailment",
        "targen_tasks_superglue.rte.task:write_entailment",
        summary="a hypothesis that follows from a premise",
    )
    register.register(
        "rte-not-entailment",
        "targen_tasks_superglue.rte.task:write_not_entailment",
        summary="a hypothesis that a premise contradicts or leaves open",
    )
    register.register(
        "wic-false",
        "targen_tasks_superglue.wic.task:write_false",
        summary="two sentences that use a word in two meanings",
    )
    register.register(
        "wic-true",
        "targen_tasks_superglue.wic.task:write_true",
        summary="two sentences that use a word in the same sense",
    )
    register.register(
        "wsc-false",
        "targen_tasks_superglue.wsc.task:write_false",
        summary="passages about two people, with a pronoun and a phrase that it does not refer to",
    )
    register.register(
        "wsc-true",
        "targen_tasks_superglue.wsc.task:write_true",
        summary="passages about two people, with a pronoun and a phrase that it refers to",
    )
