"""Spans as tags of tokens, in lines like those of CoNLL-2003: `TOKEN<TAB>TAG`.

Tags are BIO: `B-TYPE` begins a span, `I-TYPE` continues it, `O` is outside. An empty line ends a
row. A token is a word, with apostrophes and hyphens inside it, or any other character but spaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from targen_core.dataset.model import Dataset
from targen_core.plugins.configurable import Configurable
from targen_core.tasks.words import MARKS, UNSPACED, UNSPACED_LETTER, word_of
from targen_core.text import plural
from targen_outputs.exporting.rows import CutOptions, Labelled, labelled, output_in_rows, write_out
from targen_outputs.spans import SpansOutput
from targen_standard.exporting.model import Exporter

BIO_SUFFIX = ".conll"

_LETTERS = word_of(rf"\W{UNSPACED}")
_TOKENS = {
    "words": re.compile(
        rf"{UNSPACED_LETTER}|{_LETTERS}(?:['\u2019\u2010\u2011-]{_LETTERS})*|[^\w\s]"
    ),
    "characters": re.compile(rf"\S[{MARKS}]*"),
}


class BioOptions(CutOptions):
    """Options of `bio`."""

    tokens: Literal["words", "characters"] = Field(
        default="words",
        description="the unit of a token: a word, or a letter of a script without spaces "
        "between words; or any character",
    )


def _exporter(options: BioOptions) -> Exporter:
    pattern = _TOKENS[options.tokens]

    def write(dataset: Dataset, out: Path) -> None:
        output = output_in_rows(dataset, SpansOutput, "spans")
        lines: list[str] = []
        for row in labelled(dataset):
            text = row.row[output.field]
            places = [found.span() for found in pattern.finditer(text)]
            tags = _tags(row, text, places, cut=options.cut)
            tagged = zip(places, tags, strict=True)
            lines += [f"{text[start:end]}\t{tag}\n" for (start, end), tag in tagged]
            lines.append("\n")
        write_out(out, "".join(lines))

    def note(dataset: Dataset) -> str:
        if options.cut == "refuse":
            return ""
        output = output_in_rows(dataset, SpansOutput, "spans")
        count = sum(
            found.start() < place < found.end()
            for row in labelled(dataset)
            for found in pattern.finditer(row.row[output.field])
            for span in row.row["spans"]
            for place in (span["start"], span["end"])
        )
        return f"{plural(count, 'span end')} moved to token boundaries" if count else ""

    return Exporter(
        write=write, suffix=BIO_SUFFIX, summary="spans as BIO tags, one token per line", note=note
    )


def _tags(row: Labelled, text: str, places: Sequence[tuple[int, int]], *, cut: str) -> list[str]:
    """The tag of each token.

    Raises:
        UsageError: two spans overlap, or one cuts a token and may not be widened.
    """
    tags = ["O"] * len(places)
    for span in row.row["spans"]:
        start, end, kind = span["start"], span["end"], span["type"]
        inside = [at for at, (first, last) in enumerate(places) if first < end and start < last]
        if (places[inside[0]][0], places[inside[-1]][1]) != (start, end) and cut == "refuse":
            whole = text[places[inside[0]][0] : places[inside[-1]][1]]
            message = f"the {kind} {span['text'][:40]!r} covers only part of {whole[:60]!r}"
            raise row.refused(message, "-o bio.cut=widen widens spans to whole tokens")
        if any(tags[at] != "O" for at in inside):
            raise row.refused(
                f"the {kind} {span['text'][:40]!r} overlaps another span: tags cannot express this",
                "--as jsonl or spacy",
            )
        tags[inside[0]] = f"B-{kind}"
        for at in inside[1:]:
            tags[at] = f"I-{kind}"
    return tags


BIO = Configurable(BioOptions, _exporter)
