"""Prompts: text files that a person reads from top to bottom.

    --- system
    You write short hypotheses.
    --- user
    Premise: $premise

Sections open with a line `--- ROLE`; the rest is `string.Template` text, so that JSON needs no
escaping (`$$` is a dollar). Worked examples are further user and assistant sections before the last
user section. A line `--- insert NAME` is replaced by turns that `fill` gets under that name, and
`--- insert samples` by worked examples.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from string import Template
from typing import Any, cast

from targen_core.calls.model import Message, Role
from targen_core.tasks.words import is_cut_from, normalized, parts, words

_SECTION = re.compile(r"^--- *(\w+(?: +\w+)?) *$", re.MULTILINE)
_NOTHING = "\0"  # in place of draws, if there were none; no prompt contains it
_CLOSED_UP = re.compile(rf"{_NOTHING}\s*")
_DRAWN = re.compile(
    r"\n\nKeep to (?:this|these lines, one for each item, in order):\n(?:.+(?:\n|\Z))+"
)
"""The paragraph of drawn values in a worked example; see `dimensions`."""
_MEANT = 5  # words of which no two people make the same sentence by chance
_ROLES = ("system", "user", "assistant")


class Prompt:
    """A template of one conversation, read on first use."""

    def __init__(
        self,
        name: str,
        text: str | None = None,
        *,
        package: str = "",
        optional: Sequence[str] = (),
        quoted: Sequence[str] = (),
    ) -> None:
        """A prompt from `text`, or from the file `prompts/NAME.md` of `package`.

        If the value of an `optional` name is empty, the paragraph that contains it is left out. The
        value of a `quoted` name is inserted as a JSON string, so that it cannot look like the rest
        of the prompt.
        """
        if (text is None) == (not package):
            raise ValueError(f"prompt {name}: pass either its text or its package")
        self.name = name
        self._text = text
        self._package = package
        self._optional = optional
        self._quoted = quoted

    def __repr__(self) -> str:
        return f"Prompt({self.name!r})"

    @cached_property
    def text(self) -> str:
        """The template as written."""
        if self._text is not None:
            return self._text
        return (files(self._package) / "prompts" / f"{self.name}.md").read_text(encoding="utf-8")

    @cached_property
    def version(self) -> str:
        """Twelve hex digits of the text's SHA-256, which change with every edit."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @cached_property
    def _turns(self) -> tuple[tuple[Role, Template] | str, ...]:
        """Role and template of each section, or the name of turns to insert."""
        parts = _SECTION.split(self.text)
        if len(parts) == 1:
            return (("user", Template(parts[0].strip())),)
        if parts[0].strip():
            raise ValueError(f"prompt {self.name}: there is text before the first '--- ROLE' line")
        turns: list[tuple[Role, Template] | str] = []
        for heading, body in zip(parts[1::2], parts[2::2], strict=True):
            if heading.startswith("insert ") and not body.strip():
                turns.append(heading.split()[1])
            elif heading in _ROLES:
                turns.append((cast("Role", heading), Template(body.strip())))
            else:
                raise ValueError(
                    f"prompt {self.name}: unknown section {heading!r}; use one of {_ROLES}"
                )
        return tuple(turns)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names that `fill` needs, in order of appearance."""
        names: list[str] = []
        for turn in self._turns:
            names.extend([turn] if isinstance(turn, str) else turn[1].get_identifiers())
        return tuple(dict.fromkeys(names))

    @cached_property
    def answers(self) -> frozenset[str]:
        """Texts of at least five words in the worked replies, normalized for comparison."""
        texts: set[str] = set()
        for turn in self._turns:
            if not isinstance(turn, str) and turn[0] == "assistant":
                try:
                    value = json.loads(turn[1].template)
                except ValueError:
                    value = turn[1].template
                texts.update(map(normalized, texts_in(value)))
        return frozenset(text for text in texts if text.count(" ") >= _MEANT - 1)

    def repeated(self, text: str) -> str | None:
        """Return a sentence of at least five words that a text copies from the template, or None.

        Small models copy from their prompt, whole or in part.
        """
        for part in parts(text):
            if len(words(part)) >= _MEANT and is_cut_from(part, self.text):
                return part
        return None

    def fill(self, values: Mapping[str, object]) -> tuple[Message, ...]:
        """Return the conversation with every placeholder filled.

        The value of an inserted name is a sequence of `Message`s; all others are inserted as text.
        `draws`, the drawn values, may be omitted or empty; its place then closes up. The paragraphs
        of empty optional values are left out.

        Raises:
            ValueError: a placeholder without a value, or a value without a
                placeholder.
        """
        needed = set(self.variables)
        if "draws" in needed and not values.get("draws"):
            filled = self.fill({**values, "draws": _NOTHING})
            closed = (Message(m.role, _CLOSED_UP.sub("", m.content).rstrip()) for m in filled)
            # Worked examples show what is asked for: without drawn values, none of theirs either.
            return tuple(Message(m.role, _DRAWN.sub("", m.content)) for m in closed)
        empty = {name: _NOTHING for name in self._optional if not values.get(name, _NOTHING)}
        if empty:
            told = self.fill({**values, **empty})
            return tuple(Message(m.role, _without_paragraphs(_NOTHING, m.content)) for m in told)
        if needed != values.keys():
            missing, extra = sorted(needed - values.keys()), sorted(values.keys() - needed)
            said = f"prompt {self.name}: missing values {missing}, unused values {extra}"
            for name in extra:
                if braced := re.search(rf"\{{+\s*{re.escape(name)}\s*\}}+", self.text):
                    said += f"; write ${name} instead of {braced[0]}"
            raise ValueError(said)
        strings = {name: json.dumps(values[name], ensure_ascii=False) for name in self._quoted}
        values = {**values, **strings}
        messages: list[Message] = []
        for turn in self._turns:
            if isinstance(turn, str):
                messages.extend(cast("Sequence[Message]", values[turn]))
            else:
                messages.append(Message(turn[0], turn[1].substitute(values)))
        return tuple(messages)


def _without_paragraphs(mark: str, text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if mark not in part)


def last_question(messages: Sequence[Message]) -> int:
    """Return the index of the last user turn, or 0 for a conversation without one."""
    return max((n for n, message in enumerate(messages) if message.role == "user"), default=0)


def with_paragraph(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """Return the conversation with a further paragraph below its last user turn."""
    at = last_question(messages)
    longer = Message(messages[at].role, f"{messages[at].content}\n\n{text}")
    return (*messages[:at], longer, *messages[at + 1 :])


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)
