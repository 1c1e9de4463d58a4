"""Pretrained weights: where they are, and what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from targen_core.cli.trust import require_trust
from targen_core.errors import UnreadableFile, UsageError
from targen_core.reading.files import read_json
from targen_standard.pretrained import (
    MINILM,
    device_of,
    model_folder,
    require_data_only,
)
from targen_training.neural.options import NeuralOptions

ABOUT = "targen.json"
"""The file beside trained weights that says what a prediction needs."""

_WRITES = ("ForCausalLM", "LMHeadModel")


@dataclass(frozen=True, slots=True)
class Weights:
    """A pretrained model on this machine.

    Attributes:
        name: what the user calls it.
        folder: where it lies.
        adapter: it is not a whole model but a LoRA adapter of one.
    """

    name: str
    folder: Path
    adapter: bool = False

    @property
    def files(self) -> dict[str, Any]:
        """Return the arguments of `from_pretrained` except the folder."""
        return {"local_files_only": True, "trust_remote_code": False}

    def config(self) -> dict[str, Any]:
        """Return `config.json`, or {} without one."""
        return self._mapping("config.json")

    def about(self) -> dict[str, Any]:
        """Return what `targen train` wrote beside the weights, or {} if they are not its own."""
        return self._mapping(ABOUT)

    def _mapping(self, name: str) -> dict[str, Any]:
        try:
            known = read_json(self.folder / name)
        except UnreadableFile:
            return {}
        return known if isinstance(known, dict) else {}


def find_weights(name: str) -> Weights:
    """Weights by a path, by the name of a model that a package carries, or of one in the cache.

    It never downloads.

    Raises:
        UsageError: the weights do not exist.
    """
    if not name:
        raise UsageError(
            "no pretrained model was given", hint="pass --model NAME, for example all-MiniLM-L6-v2"
        )
    return weights_in(name, model_folder(name, "--model ", extra="targen-training[minilm]"))


def check(options: NeuralOptions) -> None:
    """Check that what a training of pretrained weights needs is on this machine.

    Raises:
        ModuleNotFoundError: a package is not installed.
        UsageError: the weights or the device do not exist, or quantised weights lack a GPU.
    """
    from targen_training.neural.loading import require_quantized

    for package in ("torch", "transformers", "accelerate", *(["peft"] if options.lora else [])):
        if find_spec(package) is None:  # does not import
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    weights = find_weights(options.model)
    if weights.adapter:
        find_weights(base_of(weights))
    if options.device:
        device_of(options.device)
    require_quantized(options)


def weights_in(name: str, folder: Path) -> Weights:
    """Return the weights in a folder.

    Raises:
        UsageError: the folder does not contain any, or names code.
    """
    require_data_only(folder)
    if (folder / "adapter_config.json").is_file():
        return Weights(name, folder, adapter=True)
    if (folder / "config.json").is_file():
        return Weights(name, folder)
    if (folder / "model.json").is_file() and (folder / "model").is_dir():
        raise UsageError(
            f"{name} is a model from targen train, not a pretrained model", hint=f"--from {name}"
        )
    raise UsageError(
        f"{name} does not contain a model: it has no config.json",
        hint="--model must be a folder that transformers' save_pretrained wrote",
    )


def kind_of(weights: Weights) -> str:
    """Return which trainer a model is for: "encoder", "encoder-decoder" or "decoder"."""
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
        Untrusted: this user did not train it, and no package has the model that it names.
    """
    file = weights.folder / "adapter_config.json"
    try:
        name = str(read_json(file)["base_model_name_or_path"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(
            f"{weights.name} contains an adapter whose base model is unknown: {error}"
        ) from error
    if name not in (MINILM, MINILM.rpartition("/")[2]):
        require_trust(file, {"base_model_name_or_path": name})
    return name
