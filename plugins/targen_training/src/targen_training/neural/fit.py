"""Training as transformers' `Trainer` does it, with what it leaves to its caller.

Checkpoints by the clock and resuming, early stopping, progress, and common failures: out of memory,
or a loss that is not a number.
"""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from targen_core.errors import JobFailed, UsageError
from targen_standard.pretrained import device_of, first_line, quiet
from targen_training.neural.loss import Ensembling, own_trainer
from targen_training.neural.options import EncoderOptions, NeuralOptions
from targen_training.trainers import Decision, TrainingSet

Example = dict[str, list[int] | int | float]
"""One row as token ids, with what is to be learned under "labels", and its "weight" if any."""

_MOST = 1024  # tokens per row, for models that accept more, by default
_UNLIMITED = 10**9  # tokenizers without a limit say a number beyond this
_LOG_STEPS = 10  # a loss that is not a number is noticed at most this many steps later


def takes_bfloat16(options: NeuralOptions) -> bool:
    """Return whether to compute in bfloat16."""
    import torch

    if options.precision != "auto":
        return options.precision == "bfloat16"
    on_gpu = device_of(options.device).type == "cuda"
    return on_gpu and bool(torch.cuda.is_bf16_supported())


def tokens_at_most(tokenizer: Any, config: Any, options: NeuralOptions) -> int:
    """Return how many tokens of a row the model reads.

    Raises:
        UsageError: the request exceeds what the model accepts.
    """
    limits = [tokenizer.model_max_length] if tokenizer.model_max_length < _UNLIMITED else []
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        # RoBERTa and its kin number positions from behind the padding's.
        behind = "roberta" in config.model_type or config.model_type == "camembert"
        limits.append(positions - (config.pad_token_id + 1 if behind else 0))
    max_length = min(limits, default=_MOST)
    if options.max_length > max_length and limits:
        raise UsageError(
            f"-o max_length={options.max_length}: the model accepts at most {max_length} tokens"
        )
    return options.max_length or min(max_length, _MOST)


def note_cut(lengths: Sequence[int], max_length: int, data: TrainingSet) -> None:
    """Note how many rows are longer than the model reads."""
    if long := sum(length > max_length for length in lengths):
        data.watch.note(
            f"{long:,} of {len(lengths):,} rows are longer than {max_length:,} tokens (the "
            f"longest: {max(lengths):,}), and were truncated"
        )


@dataclass(frozen=True, slots=True)
class _Run:
    model: Any
    examples: Sequence[Example]
    held_out: Sequence[Example]
    collate: Callable[[Sequence[Example]], Mapping[str, Any]]
    options: NeuralOptions
    data: TrainingSet
    shift: bool


def fit(
    model: Any,
    examples: Sequence[Example],
    collate: Callable[[Sequence[Example]], Mapping[str, Any]],
    options: NeuralOptions,
    data: TrainingSet,
    rows: Sequence[Decision],
    *,
    shift: bool = False,
) -> tuple[Any, float | None]:
    """Train a model on examples, one for each of `rows`; return it and its loss on held-out ones.

    With `shift`, the model's output at a token predicts the next one. The loss is None if no row is
    held out.

    Raises:
        JobFailed: not enough memory, or a loss that is not a number.
        UsageError: no rows would be left to learn from.
    """
    if any(row.weight != 1 for row in rows):
        pairs = zip(examples, rows, strict=True)
        examples = [{**example, "weight": row.weight} for example, row in pairs]
    train, held_out = _parted(examples, rows, options, data.seed)
    run = _Run(model, train, held_out, collate, options, data, shift)
    with tempfile.TemporaryDirectory(prefix="targen-training-") as scratch, quiet():
        folder = data.checkpoints or Path(scratch)
        try:
            return _fit(run, folder, keep=data.checkpoints is not None)
        except RuntimeError as error:
            if not _no_memory(error):
                raise
            said = first_line(error)
    raise JobFailed(
        f"not enough memory for {options.batch} rows at once: {said}",
        hint="-o batch=N with a larger -o accumulate, -o gradient_checkpointing=true, -o lora=8, "
        "-o max_length=N, or a smaller --model",
    )


def _parted(
    examples: Sequence[Example], rows: Sequence[Decision], options: NeuralOptions, seed: int
) -> tuple[Sequence[Example], Sequence[Example]]:
    """Split into training and held-out examples, in whole rows."""
    if not options.early_stop and not options.search:
        return examples, ()
    numbers = sorted({row.row for row in rows})
    count = min(max(1, round(options.hold_out * len(numbers))), len(numbers) - 1)
    if not count:
        raise UsageError(
            "a single row cannot be split into training and held-out rows",
            hint="use -o early_stop=0, and omit -o search",
        )
    apart = set(random.Random(seed).sample(numbers, count))
    pairs = list(zip(examples, rows, strict=True))
    return (
        [example for example, row in pairs if row.row not in apart],
        [example for example, row in pairs if row.row in apart],
    )


def _fit(run: _Run, folder: Path, *, keep: bool) -> tuple[Any, float | None]:
    from transformers import EarlyStoppingCallback, Trainer, TrainingArguments
    from transformers.trainer_utils import get_last_checkpoint

    options = run.options
    ensembling = _ensembling(run)
    examples = run.examples
    if ensembling is not None:
        examples = [{**example, "row": at} for at, example in enumerate(examples)]
    own = ensembling is not None or "weight" in examples[0]
    steps = math.ceil(len(run.examples) / options.batch / options.accumulate) * options.epochs
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        gradient_accumulation_steps=options.accumulate,
        learning_rate=options.learning_rate,
        num_train_epochs=options.epochs,
        max_steps=options.max_steps or -1,
        lr_scheduler_type=options.schedule,
        warmup_steps=round(options.warmup * (options.max_steps or steps)),
        weight_decay=options.weight_decay,
        label_smoothing_factor=0 if own else options.label_smoothing,
        seed=run.data.seed,
        train_sampling_strategy="group_by_length" if options.group_by_length else "random",
        bf16=takes_bfloat16(options),
        use_cpu=device_of(options.device).type == "cpu",
        gradient_checkpointing=options.gradient_checkpointing,
        logging_steps=_LOG_STEPS,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        eval_strategy="epoch" if options.early_stop else "no",
        save_strategy="epoch" if options.early_stop else "no",
        load_best_model_at_end=bool(options.early_stop),
        metric_for_best_model="eval_loss" if options.early_stop else None,
        save_total_limit=2,
        disable_tqdm=True,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=device_of(options.device).type == "cuda",
    )
    callbacks = [_watcher(run, minutes=options.checkpoint_minutes if keep else 0)]
    if options.early_stop:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=options.early_stop))
    last = get_last_checkpoint(str(folder)) if keep else None
    at = int(last.rpartition("-")[2]) if last else 0
    kind = Trainer
    if own:
        kind = own_trainer(ensembling, smoothing=options.label_smoothing, shift=run.shift)
    if ensembling is not None:
        ensembling.restore(folder, at)
        callbacks.append(_averager(run, ensembling, folder))
    trainer = kind(
        model=run.model,
        args=arguments,
        train_dataset=examples,
        eval_dataset=run.held_out or None,
        data_collator=run.collate,
        callbacks=callbacks,
    )
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    if last:
        run.data.watch.note(f"resuming the interrupted training run at step {at}")
    result = trainer.train(resume_from_checkpoint=last)
    _finite(result.training_loss, trainer.state.global_step)
    if not run.held_out:
        return trainer.model, None
    loss = float(trainer.evaluate()["eval_loss"])
    _finite(loss, trainer.state.global_step)
    return trainer.model, loss


def _ensembling(run: _Run) -> Ensembling | None:
    options = run.options
    if not isinstance(options, EncoderOptions) or not options.ensemble:
        return None
    targets = np.array([example["labels"] for example in run.examples])
    weights = np.array([example.get("weight", 1.0) for example in run.examples], dtype=float)
    return Ensembling(targets, len(run.data.labels), weights, options)


def _averager(run: _Run, ensembling: Ensembling, folder: Path) -> Any:
    """Ends an interval when it is time."""
    from transformers import TrainerCallback

    assert isinstance(run.options, EncoderOptions)
    interval = run.options.ensemble_interval

    class Averager(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step % interval == 0 and state.global_step < state.max_steps:
                ensembling.end_interval(more["model"], run.examples, run.collate)
                ensembling.save(folder, state.global_step)

    return Averager()


def _watcher(run: _Run, *, minutes: float) -> Any:
    """Passes steps on, looks at the loss, and asks for a checkpoint when it is time."""
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):  # type: ignore[misc]
        last = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            run.data.watch.step(state.global_step, state.max_steps, {})
            if minutes and time.monotonic() - self.last >= 60 * minutes:
                control.should_save = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.last = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            figures = {
                name: float(value)
                for name, value in (logs or {}).items()
                if name in ("loss", "eval_loss")
            }
            for value in figures.values():
                _finite(value, state.global_step)
            run.data.watch.step(state.global_step, state.max_steps, figures)

    return Watcher()


def _finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise JobFailed(
            f"the loss at step {step:,} is not a number: {loss}",
            hint="pass -o learning_rate=1e-5 or lower, -o warmup=0.1, or -o precision=float32",
        )


def _no_memory(error: RuntimeError) -> bool:
    import torch

    words = ("out of memory", "not enough memory", "can't allocate memory")
    said = str(error).casefold()
    return isinstance(error, torch.OutOfMemoryError) or any(word in said for word in words)
