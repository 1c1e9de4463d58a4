"""The trainers `encoder-decoder` and `decoder`: models that write their answers.

An answer counts if it is one of the question's legal answers, compared after `answers.normal`. Any
other counts as illegal, and never as a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.reading.files import read_json
from targen_standard.pretrained import device_of
from targen_training.mixtures import labelled
from targen_training.neural.answers import asked, meaning, questions_of
from targen_training.neural.options import WriterOptions
from targen_training.neural.search import learn
from targen_training.neural.weights import ABOUT, check, kind_of, weights_in
from targen_training.trainers import Decision, Predictor, Question, Trainer, TrainingSet

_FORMAT = 1
_BATCH = 16
_IGNORED = -100  # what torch's cross entropy leaves out


def train(kind: str, data: TrainingSet, options: WriterOptions, folder: Path) -> None:
    """Fine-tune, and write what transformers' `from_pretrained` reads."""
    learn(partial(_train, kind), data, options, folder)


def _train(kind: str, data: TrainingSet, options: WriterOptions, folder: Path) -> float | None:
    """Do so with given options, and return the loss on held-out rows, if there are any."""
    from transformers import DataCollatorForSeq2Seq

    from targen_training.neural.fit import fit, note_cut, tokens_at_most
    from targen_training.neural.loading import Pretrained, save, tokenizer_of

    data = data.counting()
    pretrained = Pretrained(options, data)
    kind_of_model = kind_of(pretrained.base)
    if kind_of_model != kind:
        raise UsageError(
            f"{options.model} is of type {kind_of_model}, not {kind}",
            hint=f"--trainer {kind_of_model}",
        )
    tokenizer = tokenizer_of(pretrained.base)
    model, new = pretrained.load(_auto(kind))
    if len(new) * 2 > len(list(model.parameters())):
        raise UsageError(f"{options.model} does not contain weights for {type(model).__name__}")
    model.config.pad_token_id = tokenizer.pad_token_id
    model = pretrained.prepared(model, "CAUSAL_LM" if kind == "decoder" else "SEQ_2_SEQ_LM")
    max_length = tokens_at_most(tokenizer, model.config, options)
    questions, rows = questions_of(data.decisions, data.labels)
    reading = _Prompts(tokenizer, kind, chat=options.chat)
    answers = [reading.answer(question.answer) for question in questions]
    prompts = [reading.ids(question.prompt) for question in questions]
    # A decoder's prompt and answer share its positions.
    together = [
        len(prompt) + (len(answer) if kind == "decoder" else 0)
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    note_cut(together, max_length, data)
    length = options.answer_tokens or max(8, 4 + max(map(len, answers)))
    room = max_length - length if kind == "decoder" else max_length
    if room <= reading.head:
        raise UsageError(
            f"an answer of {length} tokens leaves no room for the prompt within the maximum length "
            f"of {max_length}",
            hint="pass a larger -o max_length",
        )
    examples = [
        _example(kind, reading.cut(prompt, room), answer)
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    collate = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=_IGNORED)
    if kind == "encoder-decoder":
        collate = DataCollatorForSeq2Seq(tokenizer, model, label_pad_token_id=_IGNORED)
    model, loss = fit(model, examples, collate, options, data, rows, shift=kind == "decoder")
    about = {
        "format": _FORMAT,
        "kind": kind,
        "labels": data.labels,
        "prompt_tokens": room,
        "answer_tokens": length,
        "chat": options.chat,
    }
    save(model, tokenizer, pretrained, folder, about)
    return loss


def _auto(kind: str) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForCausalLM if kind == "decoder" else AutoModelForSeq2SeqLM


class _Prompts:
    """Prompts and answers as the tokens of one kind of model.

    Attributes:
        head: tokens before any prompt, which are kept when it is cut.
    """

    def __init__(self, tokenizer: Any, kind: str, *, chat: bool) -> None:
        """Check that there is a chat template if one is needed.

        Raises:
            UsageError: the chat template is missing.
        """
        self._tokenizer, self._decoder, self._chat = tokenizer, kind == "decoder", chat
        self.head = 0
        if chat:
            if not tokenizer.chat_template:
                raise UsageError(
                    "-o chat=true: the model's tokenizer has no chat template",
                    hint="omit -o chat, or use an instruction-tuned model, which has one",
                )
            one, other = (self.ids(text) for text in ("one", "other"))
            same = [a == b for a, b in zip(one, other, strict=False)]
            self.head = same.index(False) if False in same else len(same)

    def ids(self, prompt: str) -> list[int]:
        """The tokens of a prompt, and of what a chat template puts around it."""
        if self._chat:
            turn = [{"role": "user", "content": prompt}]
            made = self._tokenizer.apply_chat_template(
                turn, add_generation_prompt=True, return_dict=True
            )
            return list(made["input_ids"])
        ids: list[int] = self._tokenizer(prompt, truncation=False, verbose=False)["input_ids"]
        # Some tokenizers end each text: a decoder would then think that all is said.
        while self._decoder and ids and ids[-1] == self._tokenizer.eos_token_id:
            ids = ids[:-1]
        return ids

    def answer(self, answer: str) -> list[int]:
        """The tokens of an answer, and the one that ends it."""
        text = f" {answer}" if self._decoder and answer and not self._chat else answer
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return [*ids, self._tokenizer.eos_token_id]

    def cut(self, prompt: list[int], room: int) -> list[int]:
        """Cut a prompt to fit, from the start, since its question is at the end."""
        if len(prompt) <= room:
            return prompt
        return [*prompt[: self.head], *prompt[self.head - room :]]


def _example(kind: str, prompt: list[int], answer: list[int]) -> dict[str, Any]:
    if kind == "decoder":
        return {"input_ids": prompt + answer, "labels": [_IGNORED] * len(prompt) + answer}
    return {"input_ids": prompt, "labels": answer}


def load(kind: str, folder: Path) -> Predictor:
    """The predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    import torch

    from targen_training.neural.loading import load_saved, tokenizer_of

    try:
        about = read_json(folder / ABOUT, inside=folder)
        if about["format"] != _FORMAT or about["kind"] != kind:
            raise ValueError("it has a different format or type")
        labels = [str(label) for label in about["labels"]]
        room, length = int(about["prompt_tokens"]), int(about["answer_tokens"])
        weights = weights_in(folder.name, folder)
        device = device_of("")
        dtype = torch.bfloat16 if weights.adapter and device.type == "cuda" else torch.float32
        model = load_saved(_auto(kind), weights, device=device, dtype=dtype)
        tokenizer = tokenizer_of(weights)
        reading = _Prompts(tokenizer, kind, chat=bool(about["chat"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError, UsageError) as error:
        raise ValueError(f"{folder} does not contain a model of type {kind}: {error}") from error
    tokenizer.padding_side = "left" if kind == "decoder" else "right"

    def write(questions: Sequence[Question]) -> list[str]:
        prompts = [reading.cut(reading.ids(each.prompt), room) for each in questions]
        order = sorted(range(len(prompts)), key=lambda at: len(prompts[at]))
        written = [""] * len(prompts)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            inputs = tokenizer.pad(
                [{"input_ids": prompts[at]} for at in batch], return_tensors="pt"
            ).to(device)
            inputs.pop("token_type_ids", None)
            with torch.inference_mode():
                out = model.generate(
                    **inputs,
                    max_new_tokens=length,
                    do_sample=False,
                    num_beams=1,
                    eos_token_id=tokenizer.eos_token_id,
                    pad_token_id=tokenizer.pad_token_id,
                )
            if kind == "decoder":
                out = out[:, inputs["input_ids"].shape[1] :]
            texts = tokenizer.batch_decode(out, skip_special_tokens=True)
            for at, text in zip(batch, texts, strict=True):
                written[at] = text
        return written

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        questions = [asked(decision, labels) for decision in decisions]
        each = {question.prompt: question for question in questions}
        texts = dict(zip(each, write(list(each.values())), strict=True))
        scores = []
        for decision, question in zip(decisions, questions, strict=True):
            label = meaning(texts[question.prompt], decision, question)
            if label is not None and decision.task:
                label = labelled(decision.task, label)
            place = labels.index(label) if label in labels else len(labels)
            scores.append([float(at == place) for at in range(len(labels) + 1)])
        return scores

    return predict


def _trainer(kind: str, summary: str) -> Trainer:
    return Trainer(
        summary=summary,
        version="1",
        train=partial(train, kind),
        load=partial(load, kind),
        options=WriterOptions,
        extra="torch",
        writes=True,
        weighs=True,
        check=check,
    )


ENCODER_DECODER = _trainer(
    "encoder-decoder", "a pretrained model that reads the text and writes its answer, such as T5"
)
DECODER = _trainer("decoder", "a pretrained model that writes its answer, such as Llama or Pythia")
