"""Parts of speech, by a pipeline of spaCy's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from targen_core.errors import UsageError
from targen_core.hints import install
from targen_standard.pretrained import spacy_pipeline


def _hint() -> str:
    return f"{install('targen-methods[syntax]')}, and install a pipeline such as en_core_web_sm"


@cache
def tagger(name: str) -> Callable[[str], str]:
    """Return a function for the coarse parts of speech of a text: "DET NOUN VERB".

    Args:
        name: an installed pipeline, or its folder, as `./NAME`.

    Raises:
        UsageError: spaCy or the pipeline is not installed, or it knows no parts of speech.
    """
    try:
        pipeline = spacy_pipeline(name)
    except ModuleNotFoundError as error:
        raise UsageError(
            "syntax needs the package spacy, which is not installed", hint=_hint()
        ) from error
    except UsageError:
        raise
    except (OSError, ValueError, AttributeError, TypeError) as error:  # whatever a folder holds
        raise UsageError(
            f"syntax: the spaCy pipeline {name} is not installed", hint=_hint()
        ) from error

    def tags(text: str) -> str:
        return " ".join(token.pos_ for token in pipeline(text) if token.pos_)

    if not tags("The old dog sleeps."):
        raise UsageError(
            f"syntax: the spaCy pipeline {name} does not tag parts of speech",
            hint="use en_core_web_sm",
        )
    return tags
