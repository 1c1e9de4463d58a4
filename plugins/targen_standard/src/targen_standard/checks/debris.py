"""Remains in texts of how models write and how replies are encoded."""

from __future__ import annotations

import re

from targen_core.errors import Rejected

_DEBRIS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]"  # control characters, undecodable bytes
    r"|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\n\\n"  # escapes, as texts
    # tokens of chat templates
    r"|<[|｜][^|｜<>\s]{1,40}[|｜]>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|<(?:bos|eos|pad|unk)>"
)


def no_debris(text: str, what: str) -> None:
    """Refuse control characters, literal escapes and tokens of chat templates.

    Raises:
        Rejected: `debris`.
    """
    if found := _DEBRIS.search(text):
        raise Rejected("debris", f"the {what} contains {found[0]!r}")
