"""The trainer `encoder`: a pretrained encoder with a head that tells the labels apart.

A decision is read as one text, or as two if it has two: premise and hypothesis. If it has more than
two, the last is the second, and all have their names before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.reading.files import read_json
from targen_standard.pretrained import device_of
from targen_training.neural.options import EncoderOptions
from targen_training.neural.search import learn
from targen_training.neural.weights import ABOUT, check, weights_in
from targen_training.trainers import Decision, Predictor, Trainer, TrainingSet

_FORMAT = 1
_BATCH = 32


def read(decision: Decision) -> tuple[str, str | None]:
    """A decision as one text or a pair of texts."""
    texts = list(decision.texts.items())
    if len(texts) == 1:
        return texts[0][1], None
    if len(texts) == 2:
        return texts[0][1], texts[1][1]
    *first, (name, last) = texts
    return "\n".join(f"{name}: {text}" for name, text in first), f"{name}: {last}"


def train(data: TrainingSet, options: EncoderOptions, folder: Path) -> None:
    """Fine-tune, and write what transformers' `from_pretrained` reads."""
    learn(_train, data, options, folder)


def _train(data: TrainingSet, options: EncoderOptions, folder: Path) -> float | None:
    """Do so with given options, and return the loss on held-out rows, if there are any."""
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

    from targen_training.neural.fit import fit, note_cut, tokens_at_most
    from targen_training.neural.loading import Pretrained, save, tokenizer_of

    data = data.counting()
    pretrained = Pretrained(options, data)
    tokenizer = tokenizer_of(pretrained.base)
    names = dict(enumerate(data.labels))
    model, new = pretrained.load(
        AutoModelForSequenceClassification,
        num_labels=len(names),
        id2label=names,
        label2id={label: at for at, label in names.items()},
        ignore_mismatched_sizes=True,
    )
    _fit_head(model, new, pretrained.base.config(), data, options)
    model.config.pad_token_id = tokenizer.pad_token_id
    model = pretrained.prepared(model, "SEQ_CLS")
    max_length = tokens_at_most(tokenizer, model.config, options)
    note_cut([len(each) for each in _tokens(tokenizer, data.decisions, None)], max_length, data)
    at = {label: number for number, label in names.items()}
    examples: list[dict[str, Any]] = [
        {"input_ids": ids, "labels": at[decision.label]}
        for ids, decision in zip(
            _tokens(tokenizer, data.decisions, max_length), data.decisions, strict=True
        )
    ]
    if "token_type_ids" in tokenizer.model_input_names:
        kinds = _tokens(tokenizer, data.decisions, max_length, key="token_type_ids")
        for example, kind in zip(examples, kinds, strict=True):
            example["token_type_ids"] = kind
    collate = DataCollatorWithPadding(tokenizer)
    model, loss = fit(model, examples, collate, options, data, data.decisions)
    about = {"format": _FORMAT, "kind": "encoder", "labels": data.labels, "max_length": max_length}
    save(model, tokenizer, pretrained, folder, about)
    return loss


def _tokens(
    tokenizer: Any, decisions: Sequence[Decision], max_length: int | None, *, key: str = "input_ids"
) -> list[list[int]]:
    """The tokens of each decision, cut to `most`."""
    if not decisions:
        return []
    pairs = [read(decision) for decision in decisions]
    encoded: list[list[int]] = []
    # A single text is cut at the start: the question is at the end of an instruction.
    single = pairs[0][1] is None
    tokenizer.truncation_side = "left" if single and "prompt" in decisions[0].texts else "right"
    for first, second in pairs:
        encoded.append(
            tokenizer(
                first,
                second,
                truncation=False if max_length is None else "longest_first",
                max_length=max_length,
                verbose=False,
            )[key]
        )
    return encoded


def _fit_head(
    model: Any,
    new: set[str],
    config: Mapping[str, Any],
    data: TrainingSet,
    options: EncoderOptions,
) -> None:
    """Keep the head that the weights have if it tells these labels, or begin a new one.

    Raises:
        UsageError: it tells others, or the weights are those of no such model.
    """
    prefix = f"{model.base_model_prefix}."
    body = [name for name, _ in model.named_parameters() if name.startswith(prefix)]
    if body and not set(body) - new:
        raise UsageError(
            f"{options.model} does not contain weights for {type(model).__name__}",
            hint="--model must be a folder that transformers' save_pretrained wrote",
        )
    architectures = config.get("architectures") or [""]
    if not str(architectures[0]).endswith("ForSequenceClassification"):
        return
    theirs = config.get("id2label") or {}
    said = [str(theirs[key]) for key in sorted(theirs, key=int)] if theirs else []
    unnamed = said == [f"LABEL_{number}" for number in range(len(data.labels))]
    if options.head != "new" and (unnamed or said == list(data.labels)):
        return
    if options.head == "auto":
        raise UsageError(
            f"{options.model} has a head for {len(said) or 2} labels ({', '.join(said[:4])}), but "
            f"the rows have {len(data.labels)} ({', '.join(data.labels[:4])})",
            hint="pass -o head=new to start with a new head",
        )
    for name, module in model.named_children():
        if name != model.base_model_prefix:
            module.apply(model._init_weights)
    data.watch.note(f"starts with a new head, for {', '.join(data.labels[:8])}")


def load(folder: Path) -> Predictor:
    """The predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    from targen_training.neural.loading import load_saved, tokenizer_of

    device = device_of("")
    try:
        about = read_json(folder / ABOUT, inside=folder)
        if about["format"] != _FORMAT or about["kind"] != "encoder":
            raise ValueError("it has a different format")
        labels, max_length = [str(label) for label in about["labels"]], int(about["max_length"])
        weights = weights_in(folder.name, folder)
        names = dict(enumerate(labels))
        model = load_saved(
            AutoModelForSequenceClassification,
            weights,
            device=device,
            num_labels=len(labels),
            id2label=names,
            label2id={label: at for at, label in names.items()},
            ignore_mismatched_sizes=weights.adapter,
            dtype=torch.float32,
        )
        tokenizer = tokenizer_of(weights)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, UsageError) as error:
        raise ValueError(f"{folder} does not contain an encoder model: {error}") from error
    model.config.pad_token_id = tokenizer.pad_token_id

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        scores: list[list[float]] = [[] for _ in decisions]
        kinds = "token_type_ids" in tokenizer.model_input_names
        ids = _tokens(tokenizer, decisions, max_length)
        types = _tokens(tokenizer, decisions, max_length, key="token_type_ids") if kinds else ids
        order = sorted(range(len(decisions)), key=lambda at: len(ids[at]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            rows = [
                {"input_ids": ids[at]} | ({"token_type_ids": types[at]} if kinds else {})
                for at in batch
            ]
            inputs = tokenizer.pad(rows, return_tensors="pt").to(device)
            with torch.inference_mode():
                shares = model(**inputs).logits.double().softmax(dim=-1).tolist()
            for at, each in zip(batch, shares, strict=True):
                scores[at] = each
        return scores

    return predict


ENCODER = Trainer(
    summary="a pretrained encoder with a head for the labels, such as MiniLM or RoBERTa",
    version="1",
    train=train,
    load=load,
    options=EncoderOptions,
    extra="torch",
    weighs=True,
    check=check,
)
