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

from targen_core.tasks.judging import Correction, CorrectionSample, JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Case, DryRunCall, Keywords, Label
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import Corrector, InverseGenerator, Part

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
        presets: named target counts, each a mapping from label names to rows.
        oddities: known invalid rows of the original data: each row's
            `targen_core.dataset.model.row_digest`, and its location. targen reports them, but still
            accepts their file.
        files: how a person's files of such rows are laid out, as keyword arguments of
            `targen_core.dataset.layout.layout_of`; what the person types takes precedence.
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
    presets: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    oddities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, Any] = field(default_factory=dict)


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
        with_examples: `with_examples(texts)` returns changes, as `Task.replace` takes them, that
            show real texts to the model, which a filter such as `examples` supplies.
    """

    render: Callable[[InstanceT], str] | None = None
    answer: Callable[[InstanceT], str] | None = None
    dedup_text: Callable[[InstanceT], str] | None = None
    dedup_among: Callable[[InstanceT], str] | None = None
    instruction_template: Prompt | None = None
    with_examples: Callable[[Sequence[str]], Mapping[str, Any]] | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeding(Keywords):
    """Which seeds step 3 uses for which label, and how often.

    Attributes:
        parts: kinds of rows by name, instead of `contexts` and `seeds`. Each has its own lists and
            branches, and a share of every label.
        branch_labels: the labels of branches that are not named after a label. None if step 4
            determines the label; the instance's label is then optional. "any" for open labels.
        instances_per_call: the number of instances that one generator call returns.
        labels_per_seed: 1 to use each seed for one label, so that no two rows share a seed. Labels
            then rotate over neighbouring seeds. Once a label's quota is full, its seeds go to
            others. With None, each seed is used for all labels, one after the other.
        samples_per_seed: the number of times that G(label, seed) may be sampled for a seed. Seeds
            are reused once the lists are exhausted. A generator finds the earlier samples in
            `llm.earlier`.
        seed_branch: `seed_branch(above, seed)` returns the one branch that a seed is for, if lists
            know it, as when they contain whole rows. Other branches do not see this seed.
        balanced_draws: whether draws for contexts and seeds do not reveal the one label that a seed
            is for. Neither does its position in the reply that lists it. If that label's quota is
            full, the seed goes to the label that lacks the most rows, with new draws. Otherwise,
            only draws for rows hide the label. Such a seed then goes to the next label, which
            repeats the draws of one of its own seeds.
        seats: the branches that take turns using the seeds, if not all branches do; any other
            branches come last. If you remove a branch, its turns are spread evenly over the others,
            so a run that is repeated for different labels keeps its texts.
        drawn: `drawn(above, seed, branch)` returns further values, by name, that the task's own
            code draws for a row, for example from choices that a model listed. The provenance
            records them like draws of dimensions.
        most: returns the maximum number of rows per label, if it is known before any call, for
            example because rows are given. Requesting more raises an error.
    """

    parts: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}))
    branch_labels: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    instances_per_call: int = 1
    labels_per_seed: Literal[1] | None = None
    samples_per_seed: int = 1
    seed_branch: Callable[[Sequence[Any], Any], str] | None = None
    balanced_draws: bool = False
    seats: tuple[str, ...] = ()
    drawn: Callable[[Sequence[Any], Any, str], Mapping[str, str]] | None = None
    most: Callable[[], Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings(Keywords):
    """The calls of a task's steps: see `Task.steps`.

    Attributes:
        parameters: sampling parameters by step. The backend's and the user's parameters take
            precedence.
        scored: the steps in which the task requests token probabilities, with the maximum number of
            alternatives per token, 0 or more: `{"generate": 20}`. targen refuses to start a run
            whose model cannot provide them; see `Llm.ask_scored`.
        scores_given: the steps in `scored` in which the task requests the probability of a given
            text; see `Llm.score`.
        continues: the steps in `scored` in which the task requests the likely next tokens of a
            reply; see `Llm.next_tokens`.
        dry_run: returns a plausible reply without a model, for estimates, dry runs and tests. It
            takes a `DryRunCall` and returns a JSON value.
    """

    parameters: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    scored: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    scores_given: tuple[str, ...] = ()
    continues: tuple[str, ...] = ()
    dry_run: Callable[[DryRunCall], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses(Keywords):
    """Registered parts that a task uses by name, and their options.

    Attributes:
        generators: names of registered generators to use instead of the task's own, by branch; the
            key "" stands for all other branches.
        checks: names of registered checks that the task's instances must pass, in addition to
            `Task.checks`.
        filters: names of registered filters that the task's rows must pass.
        options: options of the registered parts, as `NAME.KEY`; the user's options take precedence.
        shares: exact shares of properties of rows, by name and value, unless the user sets some.
    """

    generators: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    checks: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    shares: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class About(Keywords):
    """The sources of a task, for reports and dataset cards.

    Attributes:
        source: the source of the task and its steps.
        citation: BibTeX entries of the task's sources other than TarGEN.
        based_on: ids of the registered parts that the task was made from, such as another task; a
            run records the versions of their distributions.
        canary: the sentence that keeps the examples in the task's prompts out of training corpora.
            Dataset cards and request files repeat it.
    """

    source: str = ""
    citation: str = ""
    based_on: tuple[str, ...] = ()
    canary: str = ""
