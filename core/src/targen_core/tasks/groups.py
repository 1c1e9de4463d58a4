"""The parts of a `Task` that belong together: what rows are, how they read, how they are judged.

Each field is what the author says, and None means a default. If the
default is the task's, all code asks the task, by the same name:
`task.to_rows(instance, idx)` is the author's `Rows.to_rows` or the one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, Literal

from pydantic import BaseModel
from typing_extensions import TypeVar

from targen_core.tasks.cases import Case
from targen_core.tasks.judging import Correction, CorrectionSample, JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Keywords, Label
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import Corrector, InverseGenerator

InstanceT = TypeVar("InstanceT", bound=BaseModel, default=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Keywords, Generic[InstanceT]):
    """The official rows: their schema, and the conversion from instances to rows and back.

    Attributes:
        schema: the schema of an official row, with `idx`. The label may be missing, as in test
            files. By default, the schema is derived from the instance.
        to_rows: returns an instance's `rows_per_instance` official rows, numbered from `idx`. By
            default, returns one row: the instance with `idx`.
        from_rows: the reverse of `to_rows`: returns the instances of `rows_per_instance` official
            rows, or no instance for rows without a label, as in test files. By default, returns one
            instance per row.
        from_texts: turns texts from a model that only knew the column names into an instance's
            columns. It is for methods, which do not know the task. For example, it may put a title
            before a passage. It must not change texts that already fit. By default, texts are
            columns.
        rows_per_instance: the number of rows per instance; these rows must stay together.
        pack: returns the contents of the official file, if it nests or numbers a dataset's rows.
        from_file: returns the official form of a row that a file contains in a different form, such
            as spans without their text. It raises a ValueError if the row is invalid.
        label_named: returns the label that a person means, for example if they type a set's names
            in a different order. If no label matches, it returns the name unchanged.
        other_label: returns a label outside the task's `labels` and its generator, for example for
            a set of names. If rows cannot have the label, returns None. A run adds such a label if
            its rows are requested.
        label_of: returns the name of an instance's label, or None before step 4. By default, it
            reads the field `label`. Required for open labels.
        with_label: returns an instance with a different label; by default through the instance's
            schema.
        fields: the texts of an official row, as paths such as "target.span1_text"; by default the
            schema's text fields.
        seed_fields: those of them that are the row's seed, such as a premise. Rows with the same
            ones go to the same split, also where no file records their seeds.
        cases: for analysis: returns the decisions in an official row as `Case`s, with cues that may
            reveal the answers. Empty if the row has no label. By default, returns one decision: the
            row's texts and its label.
        oddities: known invalid rows of the original data: each row's
            `targen_core.dataset.model.row_digest`, and its location. targen reports them, but still
            accepts their file.
    """

    schema: type[BaseModel] | None = None
    to_rows: Callable[[InstanceT, int], Sequence[Mapping[str, Any]]] | None = None
    from_rows: Callable[[Sequence[Mapping[str, Any]]], Sequence[InstanceT]] | None = None
    from_texts: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    rows_per_instance: int = 1
    pack: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]] | None = None
    from_file: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    label_named: Callable[[str], str] | None = None
    other_label: Callable[[str], tuple[Label, InverseGenerator[Any, InstanceT]] | None] | None = (
        None
    )
    label_of: Callable[[InstanceT], str | None] | None = None
    with_label: Callable[[InstanceT, str], InstanceT] | None = None
    fields: tuple[str, ...] = ()
    seed_fields: tuple[str, ...] = ()
    cases: Callable[[Mapping[str, Any]], Sequence[Case]] | None = None
    oddities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts(Keywords, Generic[InstanceT]):
    """The forms of an instance as text.

    Attributes:
        render: returns an instance as text, without its label. By default, returns the instance's
            named fields, or a single field's value without a name.
        answer: returns an instance's label as text, for instruction tuning; by default the label's
            name.
        dedup_text: returns the part of an instance's text that the generator wrote. Rows that share
            a seed are compared only by this part. By default, returns all of `render`.
        dedup_among: returns what rows share by design, if not their seed. Rows with the same value
            are compared only by `dedup_text`.
        instruction_template: turns a row into an instruction and its completion (paper, appendix
            E). It is a prompt of user and assistant turns that may use $instructions, $input and
            $output; by default it consists of these three.
    """

    render: Callable[[InstanceT], str] | None = None
    answer: Callable[[InstanceT], str] | None = None
    dedup_text: Callable[[InstanceT], str] | None = None
    dedup_among: Callable[[InstanceT], str] | None = None
    instruction_template: Prompt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging(Keywords, Generic[InstanceT]):
    """Step 4: its instructions and questions, and how its answers become a correction.

    Attributes:
        corrector: a corrector, or the name of a registered corrector; None to omit step 4.
        instructions: how to solve the task.
        samples: worked examples, with correct and incorrect outputs.
        questions: returns the questions about an instance. By default, returns a single question:
            the rendered instance, with the labels and `rejecting` as its options.
        rejecting: further answers that the judge can give, which reject the instance: a mapping
            from each answer to its reason.
        unsure: what to do with an instance whose judge answers "unsure": "drop" it, or "keep" it
            with its claimed label.
        aggregate: turns the answers to an instance's questions into a correction; by default the
            single answer is the label.
        lenient: whether an answer may differ from its label in case, spaces and punctuation.
            Otherwise, it is a malformed reply, which the model may correct once.
    """

    corrector: Corrector[InstanceT] | str | None = "meta"
    instructions: str = ""
    samples: tuple[CorrectionSample, ...] = ()
    questions: Callable[[InstanceT], Sequence[JudgeQuestion]] | None = None
    rejecting: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unsure: Literal["drop", "keep"] = "drop"
    aggregate: Callable[[InstanceT, Sequence[JudgeAnswer]], Correction] | None = None
    lenient: bool = False
