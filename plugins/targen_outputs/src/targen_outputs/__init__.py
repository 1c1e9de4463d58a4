"""Outputs of task files other than one label per row.

This module registers them. The models of the key `output:`, which are `Labels`, `Spans`, `Score`,
`Answer` and `Preference`, are imported when they are used: `Declaration(output=Spans(...), ...)`.
"""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_outputs(register: Register) -> None:
    """Several labels, spans, scores, answers and preferences."""
    register(
        "labels",
        "targen_outputs.labels:LABELS",
        summary="any number of labels per row",
    )
    register(
        "spans",
        "targen_outputs.spans:SPANS",
        summary="typed spans in a text, such as named entities",
    )
    register(
        "score",
        "targen_outputs.score:SCORE",
        summary="a number on a scale whose points are described",
    )
    register(
        "answer",
        "targen_outputs.answer:ANSWER",
        summary="answers to a question, in free text or taken from a passage",
    )
    register(
        "preference",
        "targen_outputs.preference:PREFERENCE",
        summary="replies to a prompt, ranked from best to worst by a criterion",
    )


@hookimpl
def register_metrics(register: Register) -> None:
    """Measures of outputs, for `targen analyze`."""
    register(
        "outputs",
        "targen_outputs.metric:OUTPUTS",
        summary="counts of spans, labels, scores, answers and preferences, and what gives them "
        "away",
    )


@hookimpl
def register_exporters(register: Register) -> None:
    """Forms of spans and preferences, and of tools for annotation."""
    register(
        "bio",
        "targen_outputs.exporting.bio:BIO",
        aliases=["conll"],
        summary="spans as BIO tags, one token per line, as in CoNLL-2003",
    )
    register(
        "spacy",
        "targen_outputs.exporting.spacy_docs:SPACY",
        summary="spans as spaCy documents, for `spacy train`; [spacy]",
    )
    register(
        "dpo",
        "targen_outputs.exporting.pairs:DPO",
        summary="preferences as prompt, chosen and rejected, for DPO in TRL",
    )
    register(
        "sft",
        "targen_outputs.exporting.pairs:SFT",
        summary="the better replies as prompt and completion, for SFT in TRL",
    )
    register(
        "label-studio",
        "targen_outputs.exporting.label_studio:LABEL_STUDIO",
        summary="a folder for Label Studio: tasks with predictions, and the labelling setup",
    )
    register(
        "argilla",
        "targen_outputs.exporting.argilla:ARGILLA",
        summary="records with suggestions for Argilla",
    )


@hookimpl
def register_dataset_readers(register: Register) -> None:
    """Exports of tools for annotation, as rows."""
    register(
        "annotated",
        "targen_outputs.annotated:ANNOTATED",
        summary="JSON exports from Label Studio and Argilla, with people's answers",
    )


@hookimpl
def register_trainers(register: Register) -> None:
    """Trainers for outputs; targen-training, which asks for them, may be missing."""
    register(
        "labels",
        "targen_outputs.training.labels:LABELS",
        summary="logistic regression for each label, on words or embeddings; [training]",
    )
    register(
        "spans",
        "targen_outputs.training.spans:SPANS",
        summary="a perceptron that tags words by their letters and neighbours, trained in seconds; "
        "[training]",
    )
    register(
        "spacy",
        "targen_outputs.training.spacy_spans:SPACY",
        summary="spaCy's entity recogniser, with a pipeline's vectors, trained in minutes; [spacy]",
    )
    register(
        "score",
        "targen_outputs.training.score:SCORE",
        summary="ridge regression on words or embeddings, and on what two texts share; [training]",
    )
    register(
        "answer",
        "targen_outputs.training.answer:ANSWER",
        summary="a perceptron that finds the answer in a passage, trained in seconds; [training]",
    )
