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
from targen_core.tasks.keywords import Keywords
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import Corrector

InstanceT = TypeVar("InstanceT", bound=BaseModel, default=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Keywords, Generic[InstanceT]):
    """The official rows: their schema, and the conversion from instances to rows and back.

    Attributes:
        schema: the schema of an official row, `idx` included; the label may be
            absent in it, as in test files. By default made from the instance.
        to_rows: the official rows of an instance, `rows_per_instance` of them,
            the first numbered `idx`. By default one: the instance with `idx`.
        from_rows: the instances of `rows_per_instance` official rows, the
            reverse of `to_rows`; rows without a label, as in test files, give
            none. By default one.
        from_texts: the columns of an instance from plain texts by a model that only knew the
            columns' names. For example, it may put a title before a passage. It must not change
            texts that already fit. For methods, which do not know the task; by default the texts
            are the columns.
        rows_per_instance: number of rows per instance, which must stay together.
        pack: the official file of a dataset's rows, if it nests or numbers the rows of a dataset.
        from_file: returns the official form of a row that a file contains in a different form, such
            as spans without their text. It raises a ValueError if the row is invalid.
        label_named: the label that a person means by a name that is not exactly a label, such as a
            set's names in a different order. It returns the name itself if it does not match any
            label.
        label_of: the name of an instance's label, or None before step 4; by default its field
            `label`. Needed if labels are open.
        with_label: an instance with a different label; by default created through its schema.
        fields: the texts of an official row, as paths such as "target.span1_text"; by default the
            schema's text fields.
        cases: for analysis, the decisions in an official row as `Case`s, with the clues that could
            give them away. Empty if the row has no label. By default one: the row's texts and its
            label.
        oddities: rows of the original data that break `schema`, as they were published: their
            `targen_core.dataset.model.row_digest`, and where each is. They are reported as
            known, and do not make a file invalid.
    """

    schema: type[BaseModel] | None = None
    to_rows: Callable[[InstanceT, int], Sequence[Mapping[str, Any]]] | None = None
    from_rows: Callable[[Sequence[Mapping[str, Any]]], Sequence[InstanceT]] | None = None
    from_texts: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    rows_per_instance: int = 1
    pack: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]] | None = None
    from_file: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    label_named: Callable[[str], str] | None = None
    label_of: Callable[[InstanceT], str | None] | None = None
    with_label: Callable[[InstanceT, str], InstanceT] | None = None
    fields: tuple[str, ...] = ()
    cases: Callable[[Mapping[str, Any]], Sequence[Case]] | None = None
    oddities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts(Keywords, Generic[InstanceT]):
    """The forms of an instance as text.

    Attributes:
        render: an instance without its label. By default its fields, each with its name; for a
            single field, only its value.
        answer: its label, for instruction tuning; by default the label's name.
        dedup_text: the part that the generator wrote, on which rows that share a seed are compared.
            By default all of `render`.
        dedup_among: what rows share by design, if it is not a seed; rows with the same value are
            compared only on `dedup_text`. By default the seed.
        instruction_template: turns a row into an instruction and its completion (paper, appendix
            E). It is a prompt of user and assistant turns that may use $instructions, $input and
            $output; by default these three.
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
        corrector: a corrector, or the name of a registered one; None for no
            step 4.
        instructions: how to solve the task.
        brief: the same in fewer words, for prompts without worked examples; by default
            `instructions`.
        samples: worked samples, right and wrong ones.
        questions: the questions about an instance; by default one, the rendered instance, with the
            labels and `rejecting` as its options.
        rejecting: further answers that reject an instance, each with the reason to count.
        unsure: what to do with an instance whose judge answers "unsure": "drop" it, or "keep" it
            with its claimed label.
        aggregate: turns the answers to an instance's questions into a correction; by default the
            single answer is the label.
    """

    corrector: Corrector[InstanceT] | str | None = "meta"
    instructions: str = ""
    brief: str = ""
    samples: tuple[CorrectionSample, ...] = ()
    questions: Callable[[InstanceT], Sequence[JudgeQuestion]] | None = None
    rejecting: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unsure: Literal["drop", "keep"] = "drop"
    aggregate: Callable[[InstanceT, Sequence[JudgeAnswer]], Correction] | None = None
