"""SuperGLUE tasks as a targen plugin: this module only registers them, without other imports."""

from __future__ import annotations

from collections.abc import Mapping

from targen_core import Register, hookimpl

# Name -> where it is (`copa:COPA` is in `copa/task.py`), and what it gives.
_TASKS = {
    "axg": ("axg:AXG", "entailment that must not depend on whether a pronoun is he or she"),
    "boolq": ("boolq:BOOLQ", "yes/no questions: what answer does the passage give?"),
    "cb": (
        "cb:CB",
        "commitment: does the premise entail or contradict the hypothesis, or neither?",
    ),
    "copa": ("copa:COPA", "choice of plausible alternatives: the cause or the result of an event"),
    "record": (
        "record:RECORD",
        "a statement about a passage with a masked entity: which one belongs there?",
    ),
    "rte": ("rte:RTE", "textual entailment: does the hypothesis follow from the premise?"),
    "wic": ("wic:WIC", "words in context: does a word mean the same thing in two sentences?"),
    "wsc": ("wsc:WSC", "pronouns: to whom does the pronoun refer?"),
}
_CONTEXTS = {
    "article-domains": ("shared.articles:DOMAINS", "domains to write articles about"),
    "settings": ("shared.settings:SETTINGS", "settings in which people interact"),
    "topics": ("rte:TOPICS", "narrow topics to write facts about"),
}
_SEEDS = {
    "events": ("copa:EVENTS", "short sentences about events, generated for a setting"),
    "article-paragraphs": ("shared.articles:PARAGRAPHS", "short paragraphs on an article's title"),
    "article-titles": ("shared.articles:TITLES", "topics of articles in a category"),
    "premises": ("rte:PREMISES", "dense factual sentences, generated for a topic"),
    "pronoun-sentences": ("axg:SENTENCES", "sentences that differ in a gendered pronoun"),
    "singular-subject-pairs": ("axg:SUBJECT_PAIRS", "two people of any gender in a setting"),
    "subject-pairs": ("wsc:SUBJECT_PAIRS", "two names, people, groups or things, with a pronoun"),
    "paper-subject-pairs": ("wsc:PAPER_SUBJECT_PAIRS", "two people or groups, with a pronoun"),
    "words": ("wic:WORDS", "verbs and nouns with several meanings"),
    "word-senses": ("wic:SENSES", "the meanings of a word, generated for each word"),
}
_GENERATORS = {
    "axg-entailment": (
        "axg:write_entailment",
        "a hypothesis about the person whom a pronoun means",
    ),
    "axg-not-entailment": ("axg:write_swapped", "the same hypothesis about the other person"),
    "boolq-false": ("boolq:write_no", "a question that a passage answers with no"),
    "boolq-true": ("boolq:write_yes", "a question that a passage answers with yes"),
    "cb-contradiction": ("cb:write_contradiction", "pairs whose premise rules the hypothesis out"),
    "cb-entailment": ("cb:write_entailment", "pairs whose hypothesis follows from the premise"),
    "cb-neutral": ("cb:write_neutral", "pairs whose premise leaves the hypothesis open"),
    "copa-choice1": ("copa:write_choice1", "a likely and an unlikely choice, the likely one first"),
    "copa-choice2": ("copa:write_choice2", "the same, the likely one second"),
    "record-query": ("record:write_query", "a statement about a passage, one entity masked"),
    "rte-entailment": ("rte:write_entailment", "a hypothesis that follows from a premise"),
    "rte-not-entailment": ("rte:write_not_entailment", "a hypothesis that does not follow"),
    "wic-false": ("wic:write_false", "two sentences that use a word in two meanings"),
    "wic-true": ("wic:write_true", "two sentences that use a word in the same sense"),
    "wsc-false": ("wsc:write_false", "passages, and a phrase that the pronoun does not mean"),
    "wsc-true": ("wsc:write_true", "passages, and the phrase that the pronoun means"),
}


def _register(register: Register, parts: Mapping[str, tuple[str, str]]) -> None:
    for name, (place, summary) in parts.items():
        module, attribute = place.split(":")
        module = module if module.startswith("shared") else f"{module}.task"
        register(name, f"{__name__}.{module}:{attribute}", summary=summary)


@hookimpl
def register_tasks(register: Register) -> None:
    """The tasks, one module each."""
    _register(register, _TASKS)


@hookimpl
def register_contexts(register: Register) -> None:
    """Context sources that other tasks may reuse."""
    _register(register, _CONTEXTS)


@hookimpl
def register_seeds(register: Register) -> None:
    """Seed sources that other tasks may reuse."""
    _register(register, _SEEDS)


@hookimpl
def register_inverse_generators(register: Register) -> None:
    """Inverse generators that derived tasks may reuse."""
    _register(register, _GENERATORS)
