"""What is known of the paper's tasks: their texts, and how the paper showed them.

A task will say this itself once `Task` has a place for it; until then the nine
stand here. The templates are those under which the authors' counts (TarGEN,
arXiv:2310.17876, table 7) come out: to the unit for AX-g, CB, RTE and WiC,
within 2 % for COPA and WSC. That of BoolQ is a guess.
"""

from __future__ import annotations

__all__ = ["FIELDS", "TEMPLATES"]

FIELDS = {
    "axg": ("premise", "hypothesis"),
    "boolq": ("passage", "question"),
    "cb": ("premise", "hypothesis"),
    "copa": ("premise", "choice1", "choice2"),
    "multirc": ("passage.text", "passage.questions.question", "passage.questions.answers.text"),
    "record": ("passage.text", "qas.query"),
    "rte": ("premise", "hypothesis"),
    "wic": ("word", "sentence1", "sentence2"),
    "wsc": ("text", "target.span1_text", "target.span2_text"),
}
"""Task -> the texts of its official rows; identifiers and answers are none."""

_PAIR = "Premise: {premise}\nHypothesis: {hypothesis}"

TEMPLATES = {
    "axg": "Premise: {premise} Hypothesis: {hypothesis}",
    "boolq": "Passage: {passage}\nQuestion: {question}",
    "cb": _PAIR,
    "copa": "Premise: {premise} What was the {question:upper} of this?\nHypothesis: {choice1}",
    "rte": _PAIR,
    "wic": "Word: {word}\nSentence 1: {sentence1}\nSentence 2: {sentence2}",
    "wsc": "Text: {text}\nSpan1: {target.span1_text}\nSpan2: {target.span2_text}",
}
"""Task -> the text that its row was shown as; `{NAME:upper}` is in capitals."""
