"""Models that a user names, as transformers load them; nothing is downloaded."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError

__all__ = ["device_of", "first_line", "model_folder", "quiet"]


def model_folder(name: str, option: str) -> Path:
    """Where a model is: a folder of the user's, or one in the hub's cache.

    Args:
        name: a path, or what the Hugging Face hub calls it.
        option: what a user types before it, such as "-o difficulty.model".

    Raises:
        UsageError: it is neither.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith((".", "~")) or folder.is_absolute() or "\\" in name or folder.exists():
        raise UsageError(
            f"there is no folder {name} with a model",
            hint=f"{option}=FOLDER, or the name of a model of the hub",
        )
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise UsageError(
            f"the model {name} is neither a folder here nor in the hub's cache",
            hint=f"hf download {name}, or {option}=FOLDER",
        ) from error


def device_of(name: str, option: str) -> Any:
    """The torch device of this name; by default a GPU where there is one.

    Raises:
        UsageError: it is not here.
    """
    import torch

    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"{option}={name}: {first_line(error)}", hint="for example cpu or cuda"
        ) from error
    return device


def first_line(error: Exception) -> str:
    """What went wrong, without the page of advice below it."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars, log lines and warnings of transformers and what is built on it."""
    from transformers.utils import logging as theirs

    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels, bars = [logger.level for logger in loggers], theirs.is_progress_bar_enabled()
    theirs.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            theirs.enable_progress_bar()
