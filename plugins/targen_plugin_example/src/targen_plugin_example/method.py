"""A method: the model lists claims that people dispute, and writes rows about each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from targen_core import Prompt, Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.made_up import sentence
from targen_standard.methods.model import Base, Method, MethodOptions, derived

_CLAIMS = Prompt(
    "claims",
    'List $count short claims that people dispute, as {"claims": ["..."]}. Not again: $have',
)
_ROW = Prompt(
    "row",
    "$description\n\nWrite a row about this claim: $claim\nIts label is $label.\n"
    "Reply with one JSON object: $form",
)


class Options(MethodOptions):
    """The method's options."""

    claims: int = Field(10, ge=1, description="number of claims per request")


def _task(base: Base, options: Options) -> Task[Any, Any]:
    columns = base.columns  # a row's texts, and functions to build a row from them
    form = json.dumps(dict.fromkeys(columns.names, "..."))

    async def propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        reply = list_of("claims", str, llm.batch)
        have = "; ".join(existing[-20:]) or "none"
        return (await llm.ask(_CLAIMS, reply=reply, count=llm.batch, have=have)).items

    def writer(label: str) -> Any:
        async def write(llm: Llm, claim: str) -> BaseModel:
            def legal(reply: BaseModel) -> None:  # if it raises, the model may try once more
                columns.instance(columns.of_row(reply), label)

            reply = await llm.ask(
                _ROW,
                reply=columns.reply(),
                check=legal,
                description=base.task.description,
                claim=claim,
                label=columns.label_words(label),
                form=form,
            )
            return columns.instance(columns.of_row(reply), label)

        return write

    def dry_run(call: DryRunCall) -> Any:  # for estimates, --dry-run and tests
        if call.prompt == "claims":
            return {"claims": [sentence(call.rng) for _ in range(int(call.values["count"]))]}
        return columns.made_up(call.rng) if call.prompt == "row" else columns.judged(call)

    return derived(
        base,
        contexts=ListStep(item=str, propose=propose, batch=options.claims),
        generators={label.name: writer(label.name) for label in base.task.labels},
        prompts=(_CLAIMS, _ROW, META_PROMPT),
        calls={"dry_run": dry_run},
    )


CLAIMS = Method(
    summary="generates a disputed claim, then a row about it",
    version="1",
    task=_task,
    options=Options,
    source="An example method.",
)
