"""Changes to a task's file that make its checks accept the texts that they refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from targen_standard.task_files.checks import OF_LANGUAGE
from targen_standard.task_files.model import Declaration, FieldPart

_OF_FORM = frozenset("markup cut-off quoted repetitive no-question no-words".split())
_COUNTED = {"too-short": "words", "too-long": "words"} | {
    f"too-{size}-sentences": "sentences" for size in ("few", "many")
}
_COUNT = re.compile(r" has (\d+) (?:word|sentence)")


def eased(declaration: Declaration, file: str, reason: str, details: Sequence[str]) -> str:
    """Return the lines that let pass what was refused for a reason, or "" if none does.

    Args:
        declaration: what the file says.
        file: its name.
        reason: the reason.
        details: the messages of what was refused; each has `the FIELD` in it.
    """
    said = {
        name: (part, [each for each in details if f"the {name} " in each])
        for name, part in declaration.fields.items()
    }
    lines = [
        f"{' or '.join(f'`{line}`' for line in found)} under `fields.{name}`"
        for name, (part, about) in said.items()
        if about and (found := [*_lines(part, reason, about)])
    ]
    return f"to accept them, put {' and '.join(lines)} in {file}" if lines else ""


def _lines(part: FieldPart, reason: str, details: Sequence[str]) -> Iterable[str]:
    """Return the lines under a field; any one of them is enough."""
    if key := _COUNTED.get(reason):
        low, high = getattr(part, key) or (1, 1)
        counts = [int(match[1]) for each in details if (match := _COUNT.search(each))]
        if counts:
            yield f"{key}: [{min(low, *counts)}, {max(high, *counts)}]"
    elif reason == "placeholder":
        yield "description: …, with placeholders such as [NAME]"
    elif reason in _OF_FORM and part.form != "any":
        yield "form: any"
    elif OF_LANGUAGE.fullmatch(reason):
        yield "check_language: false"
    elif reason == "copy-of-seed":
        yield "may_copy_seed: true"
