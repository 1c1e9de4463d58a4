"""The entity recogniser of a trained spaCy pipeline; its other parts do not run."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from targen_analysis.data.runs import spaced
from targen_core.errors import UsageError
from targen_core.origin import is_place
from targen_standard.pretrained import spacy_pipeline

_LEAVE_OUT = "--without entities omits this metric"
_ENCODERS = frozenset({"tok2vec", "transformer", "curated_transformer"})
"""Factories whose vectors the entity recogniser may listen to."""


class Recognizer:
    """Finds the named entities of texts.

    Attributes:
        about: the pipeline and its version, for people.
        types: the types of entity that it knows.
        warned: what spaCy warned of.

    Raises:
        UsageError: the pipeline does not exist, cannot be read, or finds no entities.
        ModuleNotFoundError: spaCy is not installed.
    """

    def __init__(self, name: str) -> None:
        self.warned: list[str] = []
        with self._noting():
            self._pipeline = _loaded(name)
        finders = [
            part
            for part in self._pipeline.pipe_names
            if "doc.ents" in self._pipeline.get_pipe_meta(part).assigns
        ]
        if not finders:
            parts = ", ".join(self._pipeline.pipe_names) or "none"
            raise UsageError(
                f"the spaCy pipeline {name} does not have a component that finds entities, such as "
                f"ner (it has: {parts})",
                hint="-o entities.model=en_core_web_sm, or a different pipeline; " + _LEAVE_OUT,
            )
        needed = [
            part
            for part in self._pipeline.pipe_names
            if part in finders or self._pipeline.get_pipe_meta(part).factory in _ENCODERS
        ]
        self._pipeline.select_pipes(enable=needed)
        meta = self._pipeline.meta
        self.about = f"{meta['lang']}_{meta['name']} {meta['version']}"
        self.types = tuple(
            sorted({label for part in finders for label in self._pipeline.get_pipe(part).labels})
        )

    def entities(self, texts: Iterable[str]) -> Iterator[list[tuple[str, str]]]:
        """Yield the entities of each text: type, and words as written."""
        with self._noting():
            for doc in self._pipeline.pipe(map(spaced, texts), batch_size=64):
                yield [(entity.label_, entity.text) for entity in doc.ents]

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Warnings, such as of a pipeline that another version trained, become notes."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for each in caught:
            line = str(each.message).partition(". ")[0].partition("\n")[0]
            if issubclass(each.category, UserWarning) and line not in self.warned:
                self.warned.append(line)


def _loaded(name: str) -> Any:
    try:
        return spacy_pipeline(name)
    except UsageError:
        raise
    except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "spacy":
            raise
        said = str(error).partition("\n")[0]
        if "[E050]" not in said:
            raise UsageError(
                f"the spaCy pipeline {name} cannot be loaded: {said}",
                hint="python -m spacy validate; " + _LEAVE_OUT,
            ) from error
        if is_place(name):
            raise UsageError(
                f"there is no spaCy pipeline at {name}",
                hint="-o entities.model=./FOLDER, as written by nlp.to_disk; " + _LEAVE_OUT,
            ) from error
        raise UsageError(
            f"the spaCy pipeline {name} is not installed",
            hint=f"python -m spacy download {name}; " + _LEAVE_OUT,
        ) from error
