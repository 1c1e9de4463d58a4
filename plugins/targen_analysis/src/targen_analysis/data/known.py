"""The paper's templates for rows of its tasks, for the figure of its table 7.

These templates reproduce the authors' counts (TarGEN, arXiv:2310.17876): to the unit for AX-g, CB,
RTE and WiC, within 2% for COPA and WSC. That of BoolQ is a guess.
"""

from __future__ import annotations

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
