"""From a dataset to the decisions that a model learns or makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core import Task
from targen_core.dataset.model import Dataset
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.parts import RIGHT, Case
from targen_core.text import plural
from targen_standard.datasets.weighing import checked_weights
from targen_standard.exporting.conversations import conversation
from targen_training.trainers import Decision, Question, Style, TrainedOutput, Trainer


def decisions_of(
    dataset: Dataset,
    style: Style = "plain",
    *,
    named: bool = False,
    output: TrainedOutput | None = None,
) -> list[Decision]:
    """The decisions of a dataset's rows, in order; those without a label have "".

    Each has the weight of its row.

    The task of a row defines its decisions (`Rows.cases`): its label, or whether each option is
    right. By default, a task decides a row's label from its texts.

    Args:
        dataset: rows of one task.
        style: "plain" reads only the row. "instructions" reads it as the paper's
            appendix E does: what is to be done, worked samples, the row, "Output:".
        named: whether prompts begin with the task's name, which tells the tasks of a
            mixture apart.
        output: what is learned in place of labels: each row is one decision, with its value.

    Raises:
        UsageError: rows are not instances of the task, naming the first; or weights are invalid, or
            belong to other rows.
    """
    if output is not None:
        return list(_values(dataset, style, output))
    return list(_decisions(dataset, style, named))


def _values(dataset: Dataset, style: Style, output: TrainedOutput) -> Iterator[Decision]:
    task = dataset.task
    if output.name not in task.about.based_on:
        raise UsageError(
            f"rows of {task.name} do not have the output {output.name}",
            hint="choose a different trainer",
        )
    if style != "plain":
        raise UsageError(f"this trainer learns an output, so it does not accept --style {style}")
    weights = weights_of(dataset)
    for number, unit in enumerate(dataset.units()):
        for instance in unit.instances:
            texts = dict(zip(task.fields, _texts(task, unit.rows[0]), strict=True))
            value = output.value(instance.model_dump(mode="json"))
            label = task.label_of(instance)
            yield Decision(texts, label, number, weight=weights[number], value=value)


def _decisions(dataset: Dataset, style: Style, named: bool) -> Iterator[Decision]:
    task, number = dataset.task, 0
    weights = weights_of(dataset)
    for unit in dataset.units():
        own = task.label_of(unit.instances[0]) if len(unit.instances) == 1 else ""
        for place, row in enumerate(unit.rows):
            cases = _cases(task, row, dataset.name, number)
            asked: dict[int, Question | None] = {}
            for case in cases:
                if case.question not in asked:
                    asked[case.question] = _asked(
                        task, unit.instances, place, case, cases, style, named
                    )
                question = asked[case.question]
                texts = dict(case.reads or case.texts)
                if style == "instructions" and question is not None:
                    option = dict([texts.popitem()]) if case.answer else {}
                    texts = {"prompt": question.prompt, **option}
                yield Decision(
                    texts,
                    case.label or own,
                    number,
                    case.question,
                    question,
                    case.answer if question else "",
                    weight=weights[number],
                )
            number += 1


def _cases(task: Task[Any, Any], row: Mapping[str, Any], name: str, number: int) -> Sequence[Case]:
    if task.rows.cases is not None:
        try:
            return task.rows.cases(row)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{name}, row {number + 1}: {task.name} cannot read the row's decisions: {error}"
            ) from error
    return [Case(texts=dict(zip(task.fields, _texts(task, row), strict=True)))]


def _texts(task: Task[Any, Any], row: Mapping[str, Any]) -> tuple[str, ...]:
    (texts,) = Dataset("", task, [row]).texts
    return texts


def _asked(
    task: Task[Any, Any],
    instances: Sequence[Any],
    place: int,
    case: Case,
    cases: Sequence[Case],
    style: Style,
    named: bool,
) -> Question | None:
    """Return the question for a model that writes; None if the row holds no instance."""
    # A pair of rows is one instance, with one question per row.
    several_rows = task.rows_per_instance > 1
    at = 0 if several_rows else case.question
    if at >= len(instances):
        return None
    instance = instances[at]
    text = task.questions(instance)[place].input if several_rows else task.render(instance)
    answer = task.answer(instance)
    options = [each for each in cases if each.question == case.question and each.answer]
    if options:
        legal = {option.answer: option.answer for option in options}
        if not case.several and answer not in legal:  # another form of the name
            answer = next((each.answer for each in options if each.label == RIGHT), answer)
    else:
        legal = _label_answers(task, instance)
    if style == "instructions":
        prompt = conversation(task, text, answer).prompt.rstrip("\n")
    else:
        prompt = f"{text}\nOutput:"
    return Question(f"{task.name}\n{prompt}" if named else prompt, answer, legal, case.several)


def _label_answers(task: Task[Any, Any], instance: Any) -> dict[str, str]:
    """Return what a model may write for each label."""
    names = [label.name for label in task.labels]
    if task.texts.answer is None:
        return {name: name for name in names}
    labels: dict[str, str] = {}
    for name in names:
        try:
            labels[task.answer(task.with_label(instance, name))] = name
        except (Rejected, ValueError):
            continue  # this instance cannot have that label
    return labels


def label_order(names: Sequence[str], decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return the labels of decisions, those with the given names first and in that order."""
    labels = {decision.label for decision in decisions}
    known = [name for name in names if name in labels]
    return (*known, *sorted(labels - set(known)))


def shared_label(labels: Sequence[str]) -> str:
    """Return in words which label all rows have, if they do not have two."""
    return f"all rows have the label {labels[0]}" if labels else "none of the rows have a label"


def weights_of(dataset: Dataset) -> Sequence[float]:
    """The weight of each row of a dataset.

    Raises:
        UsageError: some weights are invalid, or their number is that of other rows.
    """
    if not dataset.weights:
        return [1.0] * len(dataset)
    weights = checked_weights(dataset.weights, dataset.name)
    if len(weights) != len(dataset):
        raise UsageError(
            f"{dataset.name}: {plural(len(weights), 'weight')} for {plural(len(dataset), 'row')}: "
            "the weights belong to different rows"
        )
    return weights


def require_weighing(trainers: Mapping[str, Trainer], decisions: Iterable[Decision]) -> None:
    """Check that trainers use the weights of what they are to learn.

    Args:
        trainers: by their names.
        decisions: what they learn.

    Raises:
        UsageError: one does not, and some weights are not 1.
    """
    deaf = [name for name, trainer in trainers.items() if not trainer.weighs]
    if deaf and any(decision.weight != 1 for decision in decisions):
        raise UsageError(
            f"the rows have weights, but {deaf[0]} ignores weights",
            hint="use tfidf, vectors, encoder, encoder-decoder or decoder; or targen reweigh "
            "--best N, which keeps the best rows of each label, with equal weights",
        )


def digest_of_key(key: frozenset[str]) -> int:
    """Return a digest of a row's key, as `targen_standard.examples.shown` makes it."""
    return _digest(sorted(key))


def digest(decision: Decision) -> int:
    """Return a digest that decisions share if their texts are equal except for case and spaces."""
    return _digest(" ".join(text.casefold().split()) for text in decision.texts.values())


def _digest(texts: Iterable[str]) -> int:
    words = "\n".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest())


def parts_of(labels: Sequence[str], parts: int, seed: int) -> NDArray[np.int64]:
    """The part of each of some rows, from 0: each label is spread over all parts."""
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(labels))
    dealt = sorted(order.tolist(), key=lambda at: labels[at])
    found = np.empty(len(labels), dtype=np.int64)
    found[dealt] = np.arange(len(labels)) % parts
    return found
