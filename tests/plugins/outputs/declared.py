"""A small task file of each output, as mappings and as declarations."""

from __future__ import annotations

from targen_standard.task_files.model import Declaration

NER = {
    "description": "Short posts.",
    "output": {"spans": {"person": "a named person", "place": "a named town"}, "per_row": [0, 3]},
}
SHOP = {
    "description": "E-mails to a shop.",
    "output": {"labels": {"refund": "wants money", "delay": "is late"}, "several": True},
}
PAIRS = {
    "description": "Two sentences, and how close they are.",
    "fields": {"one": "a sentence", "other": "a sentence"},
    "output": {"score": {"1": "nothing in common", "5": "the same"}, "bins": 4},
}
QA = {
    "description": "A passage with a question.",
    "fields": {"passage": "a passage", "question": "a question"},
    "output": {"answer": {"when": "a date", "who": "a person"}, "within": "passage"},
}
CHAT = {
    "description": "What people ask a cook.",
    "fields": {"prompt": "what they ask"},
    "output": {"preference": {"concise": "fewer words", "correct": "no mistake"}},
}
RANKED = {**CHAT, "output": {**CHAT["output"], "replies": 3}}
ALL = {
    "spans": NER,
    "labels": SHOP,
    "score": PAIRS,
    "answer": QA,
    "preference": CHAT,
    "ranking": RANKED,
}


def declaration(kind: str) -> Declaration:
    """Built when asked for: other distributions' tests read the mappings without targen-outputs."""
    return Declaration(**ALL[kind])
