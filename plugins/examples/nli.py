"""Three-way inference, in the form of SNLI and SciTail: a premise, a hypothesis, a label.

A declaration in Python with one check that a declaration alone cannot say: a
hypothesis has a word in common with its premise, else it is about something else.

    targen generate ./plugins/examples/nli.py -n 30 --backend scripted
"""

from __future__ import annotations

from typing import Any

from targen_core import Rejected
from targen_standard.checks.languages import content_words
from targen_standard.task_files.model import Declaration

DECLARED = Declaration.model_validate(
    {
        "name": "nli",
        "version": "1",
        "summary": "Premise and hypothesis: entailment, neutral or contradiction",
        "description": """\
A premise and a hypothesis. The premise is a sentence that describes what can be seen or what was
found out, the hypothesis a short statement about the same matter. The label is what the premise,
taken as true, says of the hypothesis.""",
        "labels": {
            "entailment": {
                "definition": "whoever accepts the premise must accept the hypothesis too",
                "guidance": "Say what follows from it, and keep a noun or a verb of the premise.",
            },
            "neutral": {
                "definition": "the premise leaves open whether the hypothesis is true",
                "guidance": "Stay close to it: the same people and things, one more claim.",
            },
            "contradiction": {
                "definition": "whoever accepts the premise must reject the hypothesis",
                "guidance": "Change a fact. Do without not, no and never.",
            },
        },
        "fields": {
            "premise": {
                "description": "a sentence that describes a scene or a finding in detail",
                "words": [9, 40],
                "sentences": 1,
            },
            "hypothesis": {
                "description": "one statement about the same people and things, "
                "without a pronoun that only the premise explains",
                "words": [3, 20],
                "sentences": 1,
            },
        },
        "contexts": "scenes of daily life, and findings of the natural sciences",
        "seeds": {"field": "premise", "batch": 5},
        "samples": [
            {
                "input": {
                    "premise": "Two boys in rain boots carry a bucket of crabs along the pier.",
                    "hypothesis": "The boys carry something.",
                },
                "output": "entailment",
                "actual": "entailment",
                "explanation": "Who carries a bucket carries something.",
            },
            {
                "input": {
                    "premise": "Two boys in rain boots carry a bucket of crabs along the pier.",
                    "hypothesis": "The boys caught the crabs themselves.",
                },
                "output": "entailment",
                "actual": "neutral",
                "explanation": "Who caught the crabs is left open.",
            },
            {
                "input": {
                    "premise": "Lichens on the north side grew twice as fast in the wet years.",
                    "hypothesis": "The lichens were of an orange kind.",
                },
                "output": "neutral",
                "actual": "neutral",
                "explanation": "Nothing is said of their colour.",
            },
            {
                "input": {
                    "premise": "Lichens on the north side grew twice as fast in the wet years.",
                    "hypothesis": "Water slowed the growth of these lichens.",
                },
                "output": "neutral",
                "actual": "contradiction",
                "explanation": "They grew faster when it was wet, so water did not slow them.",
            },
            {
                "input": {
                    "premise": "A woman sleeps on a bench while her dog watches the pigeons.",
                    "hypothesis": "The woman is feeding the pigeons.",
                },
                "output": "contradiction",
                "actual": "contradiction",
                "explanation": "She sleeps, so she cannot be feeding them.",
            },
            {
                "input": {
                    "premise": "A woman sleeps on a bench while her dog watches the pigeons.",
                    "hypothesis": "The dog is awake.",
                },
                "output": "contradiction",
                "actual": "entailment",
                "explanation": "The dog watches the pigeons, so it is awake.",
            },
        ],
        "presets": {"small": 20},
    }
)

_TASK = DECLARED.task()


def check_related(row: Any, seed: str) -> None:
    """Require a content word of the premise, by its first four letters, in the hypothesis.

    Raises:
        Rejected: `unrelated`.
    """
    stems = {word[:4] for word in content_words(row.premise)}
    if not stems & {word[:4] for word in content_words(row.hypothesis)}:
        raise Rejected("unrelated", "the hypothesis has no word in common with its premise")


def dry_run(call: Any) -> Any:
    """The general dry-run reply, with a word of the premise in each hypothesis."""
    fill = _TASK.calls.dry_run
    reply: Any = fill(call) if fill is not None else {}
    if call.step == "generate":
        longest = max(call.values["seed"].rstrip(".").split(), key=len)
        reply["hypothesis"] = f"{reply['hypothesis'].rstrip('.')} {longest.lower()}."
    return reply


TASK = _TASK.replace(
    version="1",
    checks=(*_TASK.checks, check_related),
    calls={"dry_run": dry_run},
)
