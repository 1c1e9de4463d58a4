"""Never edit: a corrector, a backend and an exporter for targen.v1, which must keep working."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from frozen_v1_plugin.task import Letter
from targen_core import (
    Backend,
    BackendOptions,
    ChatReply,
    Correction,
    Price,
)
from targen_core.calls.model import ChatRequest
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.tasks.steps import Llm
from targen_standard.exporting.model import Exporter


async def polite(llm: Llm, letter: Letter, /) -> Correction:
    if "pleased" in letter.text:
        return Correction("thanks", "somebody was pleased")
    if not letter.text.strip():
        return Correction.reject("empty-letter")
    return Correction(letter.label, "as it says")


class ParrotOptions(BackendOptions):
    suffix: str = Field("", description="said after each reply")
    token: SecretStr = Field(SecretStr(""), description="never used, never told")


class ParrotModel:
    structured = True
    seeded = False
    max_concurrency: int | None = 4
    price: Price | None = Price(0.1, 0.2, source="made up")

    def __init__(self, options: ParrotOptions) -> None:
        self.suffix = options.suffix
        self.identity = f"parrot:{options.suffix}"

    async def complete(self, request: ChatRequest) -> ChatReply:
        value: Any = {"text": "Polly wants a letter of six words."}
        if request.dry_run is not None:
            value = request.dry_run()
        text = json.dumps(value) + self.suffix
        return ChatReply(
            text, finish="stop", input_tokens=self.count_tokens(request), output_tokens=len(text)
        )

    def count_tokens(self, request: ChatRequest) -> int:
        return sum(len(message.content.encode()) for message in request.messages)

    async def aclose(self) -> None:
        return None


PARROT = Backend(
    summary="says the dry-run reply",
    options=ParrotOptions,
    create=ParrotModel,
    defaults=lambda options: {"generate.temperature": 0.5},
    cacheable=False,
)


def _write(dataset: Dataset, out: Path) -> None:
    if not dataset.rows:
        raise UsageError("there is no letter to post")
    with open(out, "w", encoding="utf-8") as file:
        for row in dataset.rows:
            file.write(f"{row['idx']}: {row['text']} [{row['label']}]\n")


POST = Exporter(write=_write, suffix=".txt", summary="letters, one below the other")
