"""Answers in replies: their form for each kind of question, and reading them.

The reply's JSON schema contains the options of a closed label set. It omits options of one instance
(its entities, its numbered choices). Providers compile each new schema, so the schema stays the
same and the answer is checked on arrival.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, create_model

from targen_core.calls.model import Message
from targen_core.errors import Rejected
from targen_core.tasks.judging import NO_VALID_INSTANCE, UNSURE, JudgeQuestion
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import one_of
from targen_core.tasks.words import normalized

ReplyT = TypeVar("ReplyT", bound=BaseModel)


def reply_to(
    task: Task[Any, Any],
    question: JudgeQuestion,
    form: type[ReplyT],
    field: str,
    *,
    may_reject: bool = True,
) -> type[ReplyT]:
    """Return the form of a reply to a question, whose `field` holds the answer."""
    others = (NO_VALID_INSTANCE, UNSURE) if may_reject else ()
    options = tuple(dict.fromkeys((*question.options, *others)))
    kind = one_of if task.judging.lenient else _exactly
    return _reply(form, field, options if task.labels else (), question.several, kind)


def _exactly(options: Sequence[str]) -> Any:
    return Literal[tuple(options)]


@lru_cache(maxsize=128)
def _reply(
    form: type[ReplyT],
    field: str,
    options: tuple[str, ...],
    several: bool,
    kind: Callable[[Sequence[str]], Any] = _exactly,
) -> type[ReplyT]:
    # By the options and never by the type: two `Literal` are equal whatever their order, but the
    # order is part of the schema in the request.
    one: Any = kind(options) if options else str
    fields: dict[str, Any] = {field: (list[one] if several else one, ...)}
    return create_model(form.__name__.lstrip("_"), __base__=form, **fields)


def outputs_of(task: Task[Any, Any], question: JudgeQuestion) -> str:
    """The legal outputs, in the words of a prompt; the same for all rows of a task."""
    if question.several:
        return "a list of all that are right, as the instructions say"
    return f"one of {', '.join(question.options)}" if task.labels else "as the instructions say"


def matched(
    answer: str | Sequence[str], question: JudgeQuestion, *, may_reject: bool = True
) -> tuple[str, ...]:
    """The options that an answer names, in the question's order.

    Case, outer punctuation and spaces do not count. With `may_reject`, `no_valid_instance` and
    `unsure` are also legal answers.

    Raises:
        Rejected: `illegal-output`: it names no option, an unknown one, or several if only one is
            allowed.
    """
    parts = [answer] if isinstance(answer, str) else list(answer)
    if may_reject:
        named = {normalized(part) for part in parts}
        for other in (NO_VALID_INSTANCE, UNSURE):
            if normalized(other) in named and other not in question.options:
                return (other,)
    if not question.options:
        return tuple(parts)
    by_words = {normalized(option): option for option in reversed(question.options)}
    chosen = set()
    for part in parts:
        option = part if part in question.options else by_words.get(normalized(part))
        if option is None:
            raise Rejected("illegal-output", f"{part!r} is none of: {', '.join(question.options)}")
        chosen.add(option)
    if not chosen:
        raise Rejected("illegal-output", f"no output; legal: {', '.join(question.options)}")
    if len(chosen) > 1 and not question.several:
        raise Rejected("illegal-output", "several outputs; exactly one is asked for")
    return tuple(option for option in question.options if option in chosen)


def listed(answer: str | Sequence[str]) -> tuple[str, ...]:
    """One answer or several, as a tuple."""
    return (answer,) if isinstance(answer, str) else tuple(answer)


def as_text(answer: str | Sequence[str]) -> str:
    """One answer or several as a prompt shows them."""
    return "; ".join(listed(answer))


def as_json(answer: str | Sequence[str], *, several: bool) -> str | list[str]:
    """One answer or several as a worked reply holds them."""
    return list(listed(answer)) if several else as_text(answer)


def worked(prompt: Prompt, reply: Mapping[str, Any], **sample: str) -> list[Message]:
    """A worked sample as two turns: the last turn of a prompt, and the reply to it."""
    values = {"instructions": "", "outputs": "", "samples": ()}
    question = prompt.fill({**values, **sample})[-1]
    return [question, Message("assistant", json.dumps(reply, ensure_ascii=False))]


def agreeing(call: DryRunCall) -> dict[str, Any]:
    """Return an offline reply that confirms an instance, for tasks without replies of their own."""
    label = call.values.get("output") or call.label
    said = "The input settles it, read word by word."
    return {"explanation": said, "actual": label, "answer": label, "verdict": "correct"}
