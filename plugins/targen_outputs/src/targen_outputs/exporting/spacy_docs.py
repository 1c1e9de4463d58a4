"""Spans as documents of spaCy, in a file that `spacy train` reads (`DocBin`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.configurable import Configurable
from targen_outputs.exporting.rows import CutOptions, Labelled, labelled, output_in_rows, write_out
from targen_outputs.spans import SpansOutput
from targen_standard.exporting.model import Exporter

_KEY = "sc"
"""The key under which spaCy's span categorizer looks for spans by default."""


class SpacyOptions(CutOptions):
    """Options of `spacy`."""

    language: str = Field(
        default="",
        description="language code, such as de, of the blank spaCy pipeline that tokenizes the "
        "texts [default: en for tasks in English]",
    )


def _exporter(options: SpacyOptions) -> Exporter:
    def write(dataset: Dataset, out: Path) -> None:
        import spacy
        from spacy.tokens import DocBin

        output = output_in_rows(dataset, SpansOutput, "spans")
        code = options.language or ("en" if output.language == "English" else "")
        if not code:
            raise UsageError(
                f"the rows are in {output.language}, whose spaCy language code is not set",
                hint="-o spacy.language=CODE",
            )
        try:
            pipeline = spacy.blank(code)
        except ImportError as error:
            raise UsageError(
                f"spaCy does not support the language {code!r}, or lacks a package for it",
                hint="-o spacy.language=xx works for any language",
            ) from error
        made = DocBin(store_user_data=True)
        for row in labelled(dataset):
            made.add(_document(pipeline, output, row, options))
        write_out(out, made.to_bytes())

    return Exporter(
        write=write,
        suffix=".spacy",
        summary="spans as spaCy documents, for `spacy train`",
        extra="spacy",
    )


def _document(pipeline: Any, output: SpansOutput, row: Labelled, options: SpacyOptions) -> Any:
    """A row as a document: its spans are entities, or if they may overlap, a group of spans."""
    from spacy.util import filter_spans

    document = pipeline.make_doc(row.row[output.field])
    mode = "expand" if options.cut == "widen" else "strict"
    spans = []
    for span in row.row["spans"]:
        start, end, kind = span["start"], span["end"], span["type"]
        made = document.char_span(start, end, label=kind, alignment_mode=mode)
        if made is None:
            raise row.refused(
                f"the {kind} {span['text'][:40]!r} begins or ends within a spaCy token",
                "-o spacy.cut=widen widens spans to whole tokens",
            )
        spans.append(made)
    if output.overlap:
        document.spans[_KEY] = spans
    elif len(filter_spans(spans)) < len(spans):
        raise row.refused("two spans overlap once they are extended to whole tokens", "--as jsonl")
    else:
        document.ents = spans
    return document


SPACY = Configurable(SpacyOptions, _exporter)
