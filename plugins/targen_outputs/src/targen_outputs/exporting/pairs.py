"""Preferences in TRL's formats: pairs for DPO and related methods, or only the best reply.

A list of ranked replies is a pair for each two of them.

By default, texts are turns of a conversation, which trainers put into the chat template of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_core.dataset.model import Dataset
from targen_core.plugins.configurable import Configurable
from targen_outputs.exporting.rows import Labelled, output_in_rows, write_lines
from targen_outputs.preference import PreferenceOutput
from targen_standard.exporting.model import Exporter


class PairOptions(BaseModel):
    """Options of `dpo` and `sft`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    texts: Literal["turns", "plain"] = Field(
        default="turns",
        description="turns: messages with roles, for models with a chat template; plain: texts, "
        "with a line break at the end of the prompt",
    )


def _form(
    names: tuple[str, ...], chosen: Callable[[Sequence[str]], Iterable[tuple[str, ...]]]
) -> Callable[[PairOptions], Exporter]:
    """An exporter of the prompt, and of replies under names.

    `chosen` returns what is written of the replies of a row, which come from the best to the worst.
    """

    def exporter(options: PairOptions) -> Exporter:
        def text(role: str, said: str) -> Any:
            if options.texts == "turns":
                return [{"role": role, "content": said}]
            return f"{said}\n" if role == "user" else said

        def write(dataset: Dataset, out: Path) -> None:
            output = output_in_rows(dataset, PreferenceOutput, "preferences")

            def made(row: Labelled) -> Iterator[Mapping[str, Any]]:
                prompt = text("user", dataset.task.render(row.instance))
                for replies in chosen(output.replies(row.row)):
                    said = (text("assistant", reply) for reply in replies)
                    yield {"prompt": prompt, **dict(zip(names, said, strict=True))}

            write_lines(dataset, out, made)

        return Exporter(
            write=write,
            suffix=".jsonl",
            summary=f"prompt, {' and '.join(names)}, in the format that TRL reads",
        )

    return exporter


DPO = Configurable(
    PairOptions, _form(("chosen", "rejected"), lambda replies: combinations(replies, 2))
)
SFT = Configurable(PairOptions, _form(("completion",), lambda replies: [(replies[0],)]))
