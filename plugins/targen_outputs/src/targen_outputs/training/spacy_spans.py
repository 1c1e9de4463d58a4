"""The trainer `spacy`: spaCy's entity recogniser, with or without a pipeline's vectors.

spaCy (https://spacy.io) learns a small convolutional network from the rows. Its weights are saved
as plain numbers. Vectors are not saved: a model needs the pipeline that it was trained with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from targen_core.errors import UsageError
from targen_outputs.training import stored
from targen_outputs.training.spans import TYPED_SPANS, field_of, note_lost
from targen_standard.pretrained import spacy_pipeline
from targen_training.trainers import Decision, Predictor, Trainer, TrainerOptions, TrainingSet

_PARTS, _BATCH = 20, 32  # an epoch has this many steps, or more of this many rows
_DROPOUT = 0.3


class SpacyOptions(TrainerOptions):
    """Options of `spacy`."""

    pipeline: str = Field(
        "en",
        description="an installed spaCy pipeline with vectors, such as en_core_web_md; or the "
        "code of a language, such as de, to learn only from the rows",
    )
    epochs: int = Field(10, ge=1, le=1000, description="number of passes over the rows")


def check(options: SpacyOptions) -> None:
    """Check that spaCy has the pipeline.

    Raises:
        UsageError: it does not.
    """
    _blank(options.pipeline)


def _blank(name: str) -> Any:
    """A pipeline that only splits texts, with the vectors of an installed one."""
    import spacy

    if spacy.util.is_package(name):
        base = spacy_pipeline(name)
        return spacy.blank(str(base.lang), vocab=base.vocab)
    try:
        return spacy.blank(name)
    except ImportError as error:
        raise UsageError(
            f"spaCy does not support the language {name!r}, and no pipeline with this name is "
            "installed",
            hint=f"python -m spacy download {name}; -o pipeline=xx works for any language",
        ) from error


def _prepared(nlp: Any, examples: Sequence[Any], labels: Any) -> Any:
    """Add an untrained recognizer of these labels, or of those of the examples."""
    network = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": True if nlp.vocab.vectors.size else None,
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    recognizer = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": network,
    }
    pipe = nlp.add_pipe("ner", config={"model": recognizer})
    pipe.initialize(lambda: examples, nlp=nlp, labels=labels)
    return pipe


def train(data: TrainingSet, options: SpacyOptions, folder: Path) -> None:
    """Learn and write `model.json` and `numbers.npz`."""
    import spacy
    from spacy.about import __version__
    from spacy.training import Example
    from thinc.api import Adam, fix_random_seed

    data = data.counting()
    field, nlp = field_of(data.decisions), _blank(options.pipeline)
    examples, lost = [], 0
    for each in data.decisions:
        document = nlp.make_doc(each.texts.get(field, ""))
        wanted = [
            document.char_span(
                span["start"], span["end"], label=span["type"], alignment_mode="expand"
            )
            for span in each.value
        ]
        spans = spacy.util.filter_spans([span for span in wanted if span is not None])
        there = {(span["start"], span["end"]) for span in each.value}
        lost += len(there - {(span.start_char, span.end_char) for span in spans})
        if len(document):
            entities = [(span.start_char, span.end_char, span.label_) for span in spans]
            examples.append(Example.from_dict(document, {"entities": entities}))
    note_lost(data, lost)
    fix_random_seed(data.seed)
    pipe = _prepared(nlp, examples, None)
    # As spaCy's own training has it, but with averaged weights: no rows are held out to choose by.
    optimizer = Adam(0.001, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=True)
    chance = random.Random(data.seed)
    size = max(1, min(_BATCH, len(examples) // _PARTS))
    for epoch in range(options.epochs):
        chance.shuffle(examples)
        for start in range(0, len(examples), size):
            pipe.update(examples[start : start + size], sgd=optimizer, drop=_DROPOUT)
        data.watch.step(epoch + 1, options.epochs, {})
    facts = {
        "field": field,
        "pipeline": options.pipeline,
        "spacy": __version__,
        "labels": pipe.label_data,
    }
    with pipe.model.use_params(optimizer.averages):
        numbers = {key: node.get_param(name) for key, node, name in _weights(pipe)}
        stored.write(folder, facts, numbers)


def _weights(pipe: Any) -> Iterator[tuple[str, Any, str]]:
    """Each weight of a recognizer: a key, the layer that has it, and its name there."""
    for number, node in enumerate(pipe.model.walk()):
        for name in node.param_names:
            if node.has_param(name):
                yield f"{number} {name}", node, name


def load(folder: Path) -> Predictor:
    """Return the predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else, or the pipeline of its vectors is missing.
    """
    from spacy.training import Example

    with stored.read(folder, "spaCy") as (facts, numbers):
        field, nlp = str(facts["field"]), _blank(str(facts["pipeline"]))
        labels = {
            str(move): {str(name): int(count) for name, count in of.items()}
            for move, of in facts["labels"].items()
        }
        some = nlp.make_doc("x")
        pipe = _prepared(nlp, [Example.from_dict(some, {"entities": []})], labels)
        weights = {key: (node, name) for key, node, name in _weights(pipe)}
        if weights.keys() != numbers.keys():
            raise ValueError("its weights do not match this version of spaCy")
        for key, (node, name) in weights.items():
            if node.get_param(name).shape != numbers[key].shape:
                raise ValueError(f"its weights {key} have a different shape")
            node.set_param(name, numbers[key].copy())  # as read, it cannot be written to

    def predict(decisions: Sequence[Decision], /) -> Sequence[list[Mapping[str, Any]]]:
        texts = [each.texts.get(field, "") for each in decisions]
        return [
            [
                {
                    "start": each.start_char,
                    "end": each.end_char,
                    "type": each.label_,
                    "text": each.text,
                }
                for each in document.ents
            ]
            for document in nlp.pipe(texts)
        ]

    return predict


SPACY = Trainer(
    summary="spaCy's entity recogniser, with an installed pipeline's vectors if you choose one",
    version="1",
    train=train,
    load=load,
    options=SpacyOptions,
    extra="spacy",
    check=check,
    output=TYPED_SPANS,
)
