"""Models and tokenizers, from weights, with LoRA and quantisation if requested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install
from targen_core.outputs import remove, write_file
from targen_core.signing import sign
from targen_standard.pretrained import device_of, first_line, quiet
from targen_training.neural.fit import takes_bfloat16
from targen_training.neural.options import NeuralOptions
from targen_training.neural.weights import ABOUT, Weights, base_of, find_weights
from targen_training.trainers import TrainingSet


def tokenizer_of(weights: Weights) -> Any:
    """Return the tokenizer stored with the weights, with a token for padding.

    Raises:
        UsageError: the tokenizer is missing.
    """
    from transformers import AutoTokenizer

    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(weights.folder), **weights.files)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise UsageError(
            f"the tokenizer of {weights.name} cannot be read: {first_line(error)}",
            hint="pass --model ./FOLDER with everything that save_pretrained wrote",
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token_id is None:
        raise UsageError(f"the tokenizer of {weights.name} has neither a padding nor an end token")
    return tokenizer


class Pretrained:
    """The weights that a training starts from, to be made a model of one kind."""

    def __init__(self, options: NeuralOptions, data: TrainingSet) -> None:
        """Seed all chance, find the weights, and check that the machine supports the request.

        Raises:
            UsageError: the weights do not exist, or the machine cannot do it.
        """
        import transformers

        with quiet():  # what this imports looks for a GPU, and says so
            transformers.set_seed(data.seed)
        self.options = options
        self.weights = find_weights(options.model)
        self.base = find_weights(base_of(self.weights)) if self.weights.adapter else self.weights
        require_quantized(options)
        self.data = data

    def load(self, kind: Any, **more: Any) -> tuple[Any, set[str]]:
        """The model, ready to train, and which of its weights are new.

        Args:
            kind: an Auto class of transformers.
            more: further arguments of its `from_pretrained`.

        Raises:
            UsageError: the weights do not contain such a model.
        """
        import torch

        options = self.options
        lora = options.lora > 0
        dtype = torch.bfloat16 if lora and takes_bfloat16(options) else torch.float32
        if options.quantize == "4bit":
            more |= _in_4bit(kind, self.base, device_of(options.device))
        model, new = load_whole(kind, self.base, dtype=dtype, **more)
        if self.weights.adapter:
            model = load_adapter(model, self.weights, trainable=lora)
            if not lora:
                model = model.merge_and_unload().requires_grad_(True)
        return model, new

    def prepared(self, model: Any, task: str) -> Any:
        """Return the model prepared for training: with an adapter, if LoRA is requested.

        Args:
            model: what `load` gave.
            task: a `TaskType` of peft.

        Raises:
            UsageError: the model does not have LoRA's target modules.
        """
        options = self.options
        if not options.lora:
            return model
        from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training

        if isinstance(model, PeftModel):
            self.data.watch.note(
                "continuing with the existing adapter and its rank, scale and targets"
            )
            return model
        if options.quantize == "4bit":
            model = prepare_model_for_kbit_training(
                model, use_gradient_checkpointing=options.gradient_checkpointing
            )
        elif options.gradient_checkpointing:
            model.enable_input_require_grads()
        targets = options.lora_targets
        config = LoraConfig(
            r=options.lora,
            lora_alpha=options.lora_alpha,
            lora_dropout=options.lora_dropout,
            target_modules=targets if targets == "all-linear" else targets.split(","),
            task_type=task,
        )
        try:
            with quiet():
                return get_peft_model(model, config)
        except ValueError as error:
            raise UsageError(f"-o lora_targets={targets}: {first_line(error)}") from error


def _in_4bit(kind: Any, weights: Weights, device: Any) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that quantise weights while they are loaded."""
    import torch
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=_heads(kind, weights),
    )
    return {"quantization_config": config, "device_map": {"": device}}


def _heads(kind: Any, weights: Weights) -> list[str] | None:
    """Return the names of modules on top of the pretrained body, such as a classifier.

    They are new, and bitsandbytes can only quantize weights that it loads. None is for models
    without a separate body, for which transformers chooses.
    """
    import torch
    from transformers import AutoConfig

    with torch.device("meta"), quiet():
        model = kind.from_config(AutoConfig.from_pretrained(weights.folder, **weights.files))
    names = [name for name, _ in model.named_children()]
    body = model.base_model_prefix
    return [name for name in names if name != body] if body in names else None


def require_quantized(options: NeuralOptions) -> None:
    """Check that weights can be quantised here, if that is requested.

    Raises:
        UsageError: not without LoRA.
        MissingDependency: bitsandbytes is not installed, or cannot be loaded.
    """
    if options.quantize == "none":
        return
    if not options.lora:
        raise UsageError(
            "-o quantize=4bit: quantised weights cannot be trained directly",
            hint="add -o lora=8",
        )
    _need_bitsandbytes()


def _need_bitsandbytes() -> None:
    """Import what holds 4-bit weights.

    Raises:
        MissingDependency: it is not installed, or cannot be loaded: it was built for another CUDA.
    """
    try:
        with quiet():
            import bitsandbytes  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependency(
            "4-bit weights (quantize=4bit) need bitsandbytes, which is not installed",
            distribution="targen-training",
            hint=install("targen-training[qlora]"),
        ) from error
    except Exception as error:  # it looks for CUDA's libraries when it is imported
        raise MissingDependency(
            f"quantize=4bit: bitsandbytes cannot be loaded: {first_line(error)}",
            distribution="targen-training",
            hint="run python -m bitsandbytes to see why, or pass -o lora=8 without quantize",
        ) from error


def load_whole(kind: Any, weights: Weights, **more: Any) -> tuple[Any, set[str]]:
    """A model, and the names of the weights that were not there and are new."""
    try:
        with quiet():
            model, info = kind.from_pretrained(
                str(weights.folder),
                output_loading_info=True,
                use_safetensors=True,
                **weights.files,
                **more,
            )
    except MemoryError:
        raise
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError):
            raise
        raise UsageError(f"{weights.name} cannot be read: {first_line(error)}") from error
    except Exception as error:  # whatever a damaged file makes of a dozen libraries
        raise UsageError(
            f"{weights.name} cannot be read as {kind.__name__.removeprefix('AutoModelFor')}: "
            f"{first_line(error)}",
            hint="--model must be a folder that transformers' save_pretrained wrote",
        ) from error
    return model, set(info["missing_keys"]) | {name for name, *_ in info["mismatched_keys"]}


def load_saved(kind: Any, weights: Weights, *, device: Any, **more: Any) -> Any:
    """The model that a training left, ready to predict: whole weights, or an adapter on its base.

    On a GPU, an adapter that was trained on 4-bit weights is loaded on 4-bit weights again. The
    GPU that trained it may be too small for the unquantised ones.

    Args:
        kind: an Auto class of transformers.
        weights: where it was left.
        device: the torch device that it runs on.
        more: further arguments of its `from_pretrained`.

    Raises:
        UsageError: the weights do not contain such a model.
        MissingDependency: 4-bit weights need bitsandbytes.
        ValueError: some are missing.
    """
    base = find_weights(base_of(weights)) if weights.adapter else weights
    quantised = weights.about().get("quantize") == "4bit" and device.type == "cuda"
    if quantised:
        _need_bitsandbytes()
        more |= _in_4bit(kind, base, device)
    model, new = load_whole(kind, base, **more)
    if weights.adapter:
        model = load_adapter(model, weights, trainable=False)
    elif new:
        raise ValueError(f"weights are missing: {sorted(new)[0]}")
    return (model if quantised else model.to(device)).eval()


def load_adapter(model: Any, weights: Weights, *, trainable: bool) -> Any:
    """A model with the adapter that lies in a folder.

    Raises:
        UsageError: the adapter is of another model.
    """
    try:
        with quiet():
            from peft import PeftModel

            return PeftModel.from_pretrained(model, str(weights.folder), is_trainable=trainable)
    except ImportError:
        raise
    except Exception as error:
        raise UsageError(
            f"the adapter of {weights.name} does not fit its model: {first_line(error)}"
        ) from error


def save(
    model: Any, tokenizer: Any, pretrained: Pretrained, folder: Path, about: Mapping[str, Any]
) -> None:
    """Write model and tokenizer as transformers reads them; for LoRA only the adapter.

    Args:
        model: what was trained.
        tokenizer: its tokenizer.
        pretrained: what it was trained from.
        folder: an empty folder.
        about: the settings that prediction needs, for `targen.json`.
    """
    with quiet():
        if hasattr(model, "peft_config"):
            for config in model.peft_config.values():
                # As the user calls it, not where it lies.
                config.base_model_name_or_path = pretrained.base.name
        model.save_pretrained(str(folder), safe_serialization=True)
        tokenizer.save_pretrained(str(folder))
    if hasattr(model, "peft_config"):
        base = {"base_model_name_or_path": pretrained.base.name}
        sign(folder / "adapter_config.json", base)
    remove(folder / "README.md")  # peft's card is empty headings
    about = {**about, "quantize": pretrained.options.quantize}
    write_file(folder / ABOUT, json.dumps(about, ensure_ascii=False))
