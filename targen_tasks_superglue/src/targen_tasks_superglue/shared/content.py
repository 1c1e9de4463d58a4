"""The files of a task's folder: instructions, dimensions, worked samples and word lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator

from targen_core.tasks.dimensions import Dimension, meant
from targen_core.tasks.judging import CorrectionSample


def _written(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is blank")
    return text


Text = Annotated[str, AfterValidator(_written)]
"""A text with something in it."""


@cache
def _yaml(package: str, name: str) -> Any:
    return yaml.load((files(package) / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def load_instructions(package: str, name: str = "instructions") -> str:
    """Return the text of `prompts/{name}.md` in a package, without outer white space."""
    return (files(package) / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()


def _values(values: Any) -> Any:
    """Return values as dimensions have them: a tuple, weights, or a vocabulary such as `@words`."""
    return tuple(values) if isinstance(values, list) else meant(values)


def load_dimensions(package: str, name: str) -> tuple[Dimension, ...]:
    """Return the dimensions of that name in a package's `dimensions.yaml`."""
    return tuple(
        Dimension(**{**each, "values": _values(each["values"])})
        for each in _yaml(package, "dimensions.yaml")[name]
    )


def load_samples(package: str, name: str = "default") -> tuple[CorrectionSample, ...]:
    """Return worked samples of a package's `samples.yaml`: each is right or wrong, with why."""

    def text(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    samples = _yaml(package, "samples.yaml")[name]
    return tuple(
        CorrectionSample(
            each["input"], text(each["output"]), text(each["actual"]), each["explanation"]
        )
        for each in samples
    )


def load_words(package: str, name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the word lists of a YAML file in a package."""
    return {key: tuple(text.split()) for key, text in _yaml(package, name).items()}
