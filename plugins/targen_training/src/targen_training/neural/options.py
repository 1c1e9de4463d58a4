"""User options of the trainers that need torch.

Values from the paper are the defaults (appendix C: batch 16, learning rate 5e-5, 5 epochs).
Otherwise the default is that of transformers' `Trainer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from targen_training.ensembling import EnsemblingOptions
from targen_training.trainers import TrainerOptions


class NeuralOptions(TrainerOptions):
    """Options of every trainer on transformers."""

    model: str = Field("", description="the pretrained model; same as --model")
    batch: int = Field(16, ge=1, description="rows per step on each device (paper: 16)")
    accumulate: int = Field(1, ge=1, description="batches per step of the optimiser (paper: 1)")
    learning_rate: float = Field(
        5e-5, gt=0, allow_inf_nan=False, description="learning rate (paper: 5e-5)"
    )
    epochs: float = Field(
        5,
        gt=0,
        allow_inf_nan=False,
        description="number of passes over the rows (paper: 5; several tasks: 1)",
    )
    max_steps: int = Field(0, ge=0, description="number of optimiser steps, instead of epochs")
    schedule: Literal["linear", "constant", "cosine"] = Field(
        "linear", description="how the learning rate decreases"
    )
    warmup: float = Field(
        0.0, ge=0, lt=1, description="share of the steps in which the learning rate increases"
    )
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False, description="weight decay of AdamW")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each target given to other labels (label smoothing)"
    )
    max_length: int = Field(
        0, ge=0, description="maximum tokens per row; 0: the model's maximum, up to 1024"
    )
    group_by_length: bool = Field(
        False,
        description="batch rows of similar lengths together: faster, because of less padding",
    )
    early_stop: int = Field(
        0,
        ge=0,
        description="stop after this many epochs without a lower held-out loss, and go "
        "back to the best epoch; 0: never",
    )
    hold_out: float = Field(
        0.1, gt=0, lt=1, description="share of the rows to hold out for early_stop and search"
    )
    search: str = Field(
        "",
        description="values to try, such as learning_rate=5e-5/1e-4 lora_alpha=16/24; those with "
        "the lowest held-out loss are kept",
    )
    checkpoint_minutes: float = Field(
        5.0,
        ge=0,
        allow_inf_nan=False,
        description="minutes between checkpoints, the most that an interrupted training run loses",
    )
    device: str = Field(
        "",
        description="device to run on: cpu, cuda, cuda:1 or mps [default: a GPU if there is one]",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 on a GPU that supports it"
    )
    gradient_checkpointing: bool = Field(
        False, description="save memory, at the cost of about a third more time"
    )
    lora: int = Field(0, ge=0, description="rank of LoRA; 0 trains all weights")
    lora_alpha: float = Field(16, gt=0, allow_inf_nan=False, description="scale of LoRA")
    lora_dropout: float = Field(0.05, ge=0, lt=1, description="dropout of LoRA")
    lora_targets: str = Field(
        "all-linear", description="modules to which LoRA applies, separated by commas"
    )
    quantize: Literal["none", "4bit"] = Field(
        "none", description="4bit: QLoRA; needs lora and the extra qlora"
    )

    def searched(self) -> Iterator[tuple[str, Self]]:
        """Yield each combination of `search`: in words, and the options with it.

        Raises:
            ValueError: a part is not a number's name with values, or a value is out of range.
        """
        named = [part.partition("=") for part in self.search.split()]
        for name, _, values in named:
            if type(getattr(self, name, None)) not in (int, float) or not values:
                raise ValueError(
                    f"{name}={values} is not a numeric option of the trainer with values to try"
                )
        for drawn in product(*(values.split("/") for *_, values in named)):
            chosen = dict(zip((name for name, *_ in named), drawn, strict=True))
            said = ", ".join(f"{name}={value}" for name, value in chosen.items())
            # Checked as if it were typed; `search` stays, so that rows are held out.
            checked = type(self).model_validate({**self.model_dump(), **chosen, "search": ""})
            yield said, checked.model_copy(update={"search": self.search})

    @model_validator(mode="after")
    def _searchable(self) -> Self:
        if self.search:
            list(self.searched())
        return self


class EncoderOptions(NeuralOptions, EnsemblingOptions):
    """Options of `encoder`."""

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "supergen": {
            "label_smoothing": 0.15,
            "ensemble": 10.0,
            "learning_rate": 1e-5,
            "warmup": 0.1,
            "batch": 16,
            "epochs": 3,
        }
    }

    head: Literal["auto", "auto-new", "new"] = Field(
        "auto",
        description="auto: keep the model's head, which must fit the labels; "
        "auto-new: keep a head that fits, otherwise create one (new: always)",
    )
    ensemble_interval: int = Field(
        100, ge=1, description="steps between predictions of all rows (SuperGen: 100)"
    )


class WriterOptions(NeuralOptions):
    """Options of `encoder-decoder` and `decoder`."""

    answer_tokens: int = Field(
        0, ge=0, description="maximum tokens per answer; 0: the longest in the training data"
    )
    chat: bool = Field(
        False,
        description="send prompts as a user turn, using the chat template of the model's tokenizer",
    )
