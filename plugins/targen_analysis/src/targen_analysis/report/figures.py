"""`analysis.json`: everything that was found, for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Corpus
from targen_core.hints import anywhere

FORMAT = 1


def as_json(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON values: no NaN, no infinity, keys in a stable order."""
    study = analysis.study
    return {
        "format": FORMAT,
        "seed": study.seed,
        "datasets": [_dataset(corpus) for corpus in study.corpora],
        "reference": None if study.reference is None else _dataset(study.reference),
        **({"made": dict(analysis.made)} if analysis.made else {}),
        "metrics": {part.item.id: _part(part) for part in analysis.parts},
    }


def _dataset(corpus: Corpus) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "task": None if corpus.task is None else corpus.task.name,
        "rows": len(corpus),
        "fields": list(corpus.fields),
        "labels": list(corpus.label_names),
        "notes": list(corpus.notes),
    }


def _part(part: Part) -> dict[str, Any]:
    record = {"title": part.title, "problem": part.problem, "hint": anywhere(part.hint)}
    if part.findings is None:
        return {**record, "findings": None}
    findings = plain(part.findings)
    del findings["rows"]  # in files of their own
    return {**record, "findings": findings}


def plain(value: Any) -> Any:
    """Frozen parts as objects and lists."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
