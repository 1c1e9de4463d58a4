"""Settings in which events take place and people interact: step 1 of four tasks.

COPA, CommitmentBank, WSC and AX-g begin with such a list (paper, appendix D.1, D.2, D.5, D.8:
"domains or settings in which events can take place"). They share this list step with its sampling
parameters and dimensions, so that in one suite run their calls are identical and paid once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from targen_core import Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_standard.checks.prose import phrase
from targen_tasks_superglue.shared.content import load_dimensions
from targen_tasks_superglue.shared.offline import offline

_PACKAGE = "targen_tasks_superglue.shared"
SETTINGS_PROMPT = Prompt("settings", package=_PACKAGE)

SETTINGS_PARAMETERS: Mapping[str, Any] = MappingProxyType({"temperature": 1.0, "max_tokens": 400})
"""Sampling parameters of the step: part of a call's key, so the same for all tasks."""
_SHOWN = 40  # earlier settings that the prompt names; more would crowd out the request
_SETTING = line(4, 60)
_ARTICLES = ("a", "an", "the")


def check_setting(setting: str) -> None:
    """A setting is a phrase of 1 to 10 words in Latin script.

    Raises:
        Rejected: `no-words`, `too-long`, `markup`, `meta-text` (it announces
            a list) or `not-latin`.
    """
    phrase(setting, max_words=10, what="setting")
    if setting.endswith(":"):
        raise Rejected("meta-text", f"the setting announces something: {setting!r}")
    letters = [char for char in setting if char.isalpha()]
    if sum(char < "\u0250" for char in letters) < 0.8 * len(letters):
        raise Rejected("not-latin", f"the setting is not in Latin script: {setting!r}")


def _same(setting: str) -> str:
    """Two settings that only differ in their article are the same."""
    first, _, rest = normalized(setting).partition(" ")
    return rest if first in _ARTICLES and rest else f"{first} {rest}".strip()


async def _propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = "; ".join(existing[-_SHOWN:]) or "no others"
    model = list_of("settings", _SETTING, llm.batch)
    reply = await llm.ask(SETTINGS_PROMPT, reply=model, count=llm.batch, have=have)
    return [" ".join(item.split()).rstrip(".;,") for item in reply.items if item.strip()]


SETTINGS: ListStep[str] = ListStep(
    item=str,
    propose=_propose,
    batch=10,
    check=check_setting,
    key=_same,
    summary="settings in which events take place and people interact",
    prompts=(SETTINGS_PROMPT,),
    dimensions=load_dimensions(_PACKAGE, "settings"),
    dry_run=offline(_PACKAGE),
)
PAPER_SETTINGS: ListStep[str] = replace(SETTINGS, dimensions=())
"""The same list without draws, of the variants `paper`."""
