"""Offline replies: texts of a package's `offline.json` with drawn words, for `-b scripted`.

They are free, follow the form of real replies and pass the checks, so that estimates, dry runs and
tests go through every step. They are not true to their labels.

In the file, `replies` maps prompts (`a|b` for two) to replies, and `words` names lists. A text's
`{thing}` is a value of the call or an item of the list `thing`; `{thing2}` is another item.
`{passage_word}` is a word of the value `passage`, and `{names_item}` an item of the value `names`.
`{"repeat": [...]}` is as many items as the call asks for, `{"any": [...]}` one of several.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from targen_core.tasks.dimensions import vocabulary
from targen_core.tasks.parts import DryRunCall
from targen_standard.checks.languages import content_words
from targen_tasks_superglue.shared.people import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES

_SLOT = re.compile(r"\{(\w+)\}")
_SHARED = "targen_tasks_superglue.shared"


@cache
def _content(package: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads((files(package) / "offline.json").read_text("utf-8"))
    return content


@cache
def _words(package: str) -> Mapping[str, list[str]]:
    known = {
        "noun": list(vocabulary("words")),
        "first": [*FEMALE_NAMES, *MALE_NAMES],
        "family": list(FAMILY_NAMES),
    }
    return {**known, **_content(_SHARED)["words"], **_content(package)["words"]}


@cache
def _replies(package: str) -> Mapping[str, Any]:
    return {
        prompt: reply
        for source in (_SHARED, package)
        for prompts, reply in _content(source)["replies"].items()
        for prompt in prompts.split("|")
    }


def offline(package: str) -> Callable[[DryRunCall], Any]:
    """Return the `dry_run` of a package with an `offline.json`."""
    return lambda call: reply_to(call, package)


def reply_to(call: DryRunCall, package: str, **more: str) -> Any:
    """Return the reply to a call; `more` are values that its prompt lacks."""
    if call.prompt == "meta":
        explanation = "The input settles it, read word by word."
        return {
            "explanation": explanation,
            "actual": str(call.values["output"]),
            "verdict": "correct",
        }
    kind = call.values.get("kind") or call.values.get("number")
    replies, values = _replies(package), {**call.values, **more}
    template = replies.get(f"{call.prompt} {kind}", replies[call.prompt])
    return _Draw(values, _words(package), call.rng).fill(template)


class _Draw:
    """Words drawn for one item of a reply, and its parts so far."""

    def __init__(
        self, values: Mapping[str, Any], words: Mapping[str, list[str]], rng: random.Random
    ) -> None:
        self.values = values
        self.words = words
        self.rng = rng
        self.drawn: dict[str, str] = {}
        self.taken: set[str] = set()

    def fill(self, template: Any) -> Any:
        if isinstance(template, str):
            return _SLOT.sub(lambda slot: self._slot(slot[1]), template)
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if not isinstance(template, dict):
            return template
        if "any" in template:
            return self.fill(self.rng.choice(template["any"]))
        if "repeat" in template:
            count, items = int(self.values["count"]), template["repeat"]
            order = self.rng.sample(items, len(items))
            return [
                _Draw(self.values, self.words, self.rng).fill(order[n % len(order)])
                for n in range(count)
            ]
        filled: dict[str, Any] = {}
        for name, part in template.items():
            filled[name] = self.fill(part)
            if isinstance(filled[name], str):
                self.drawn[name] = filled[name]
        return filled

    def _slot(self, name: str) -> str:
        if name in self.values:
            return str(self.values[name])
        if name not in self.drawn:
            items = self._items(name.rstrip("0123456789"))
            drawn = self.rng.choice(
                [item for item in items if item not in self.taken] or ["matter"]
            )
            self.taken.add(drawn)
            self.drawn[name] = self.fill(drawn)
        return self.drawn[name]

    def _items(self, name: str) -> list[str]:
        source, _, kind = name.rpartition("_")
        if kind == "word":
            found = re.findall(r"[a-z]{4,}", " ".join(content_words(str(self.values[source]))))
            return sorted(set(found), key=lambda word: (-len(word), word))[:12]
        if kind == "item":
            return str(self.values[source]).split("; ")
        return self.words[name]
