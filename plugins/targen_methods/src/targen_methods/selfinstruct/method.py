"""Self-Instruct as a method: a task of its steps."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz.distance import LCSseq

from targen_core import Prompt, Task
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.made_up import sentence
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base, Method, MethodOptions, derived


class Options(MethodOptions):
    """Options of Self-Instruct; the defaults are those of its authors, for tasks of any kind."""

    instruction: tuple[str, ...] = Field(
        (), description="your own instructions to start from, in addition to the task's"
    )
    told: int = Field(
        8,
        ge=1,
        le=100,
        description="number of existing instructions shown in each call that requests new ones",
    )
    told_new: int = Field(2, ge=0, le=100, description="how many of these are the model's own")
    asked: int = Field(8, ge=1, le=100, description="number of new instructions per call")
    similar: float = Field(
        0.7, ge=0, le=1, description="maximum ROUGE-L similarity to another instruction"
    )
    shortest: int = Field(4, ge=1, description="minimum words per instruction")
    longest: int = Field(150, ge=1, description="maximum words per instruction")
    unfit_words: tuple[str, ...] = Field(
        (
            *("image", "images", "graph", "graphs", "picture", "pictures", "file", "files"),
            *("map", "maps", "draw", "plot", "go to"),
        ),
        description="words that instructions must not contain",
    )
    unfit_beginnings: tuple[str, ...] = Field(
        ("Write a program",), description="beginnings that instructions must not have"
    )
    instances: int = Field(
        5, ge=1, le=20, description="maximum rows per label in each call for an instruction"
    )
    temperature: float = Field(0.0, ge=0, le=2, description="temperature for writing rows")


class TaskOptions(Options):
    """Options of Self-Instruct for a fixed task; instructions are for kinds of its texts."""

    told: int = Field(
        40,
        ge=1,
        le=100,
        description="number of existing instructions shown in each call that requests new ones",
    )
    told_new: int = Field(36, ge=0, le=100, description="how many of these are the model's own")
    similar: float = Field(
        0.5, ge=0, le=1, description="maximum ROUGE-L similarity to another instruction"
    )
    unfit_words: tuple[str, ...] = Field((), description="words that instructions must not contain")
    instances: int = Field(
        2, ge=1, le=20, description="maximum rows per label in each call for an instruction"
    )
    # Without chance a model writes the same row for each label, and a small model only that row.
    temperature: float = Field(0.7, ge=0, le=2, description="temperature for writing rows")


PAPER: Mapping[str, Any] = MappingProxyType(
    {name: getattr(Options.model_validate({}), name) for name in TaskOptions.__annotations__}
)
"""The authors' options that differ from those of `TaskOptions`."""


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pool(_Item):
    """The instructions that the model starts from."""

    seeds: tuple[str, ...]


class Instruction(_Item):
    """An instruction that the model wrote.

    Attributes:
        text: what it says.
        nearest: ROUGE-L with the nearest one known before it, from 0 to 1.
    """

    text: str
    nearest: float


class InstructionsReply(BaseModel):
    """Instructions that a model lists."""

    instructions: list[str]


_TOKEN = re.compile(r"[^\W_]+")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text as ROUGE compares them: letters and digits, lower case."""
    return tuple(_TOKEN.findall(text.lower()))


def rouge_l(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """F of the longest common subsequence of two texts' words, from 0 to 1 (Lin 2004)."""
    both = len(one) + len(other)
    return 2 * LCSseq.similarity(one, other) / both if both else 0.0


def check_instruction(text: str, nearest: float, options: Options) -> None:
    """Refuse an instruction that is of no use.

    Args:
        text: the instruction.
        nearest: its ROUGE-L with the nearest one that is known.
        options: the limits.

    Raises:
        Rejected: `bad-length`, `bad-beginning`, `unfit-word` or `too-similar`.
    """
    words = len(text.split())
    if not options.shortest <= words <= options.longest:
        limits = f"{options.shortest} to {options.longest} are allowed"
        raise Rejected("bad-length", f"{words} words, but {limits}")
    if text[0] in string.punctuation or not text[0].isalnum():
        raise Rejected("bad-beginning", f"it begins with {text[0]!r}")
    begun = [each for each in options.unfit_beginnings if _begins(text, each)]
    if begun:
        raise Rejected("bad-beginning", f"it begins with {begun[0]!r}")
    for word in options.unfit_words:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            raise Rejected("unfit-word", f"it speaks of {word!r}, which a text does not have")
    if nearest > options.similar:
        raise Rejected("too-similar", f"ROUGE-L with another is {nearest:.2f}")


def _begins(text: str, words: str) -> bool:
    return f"{normalized(text)} ".startswith(f"{normalized(words)} ")


def pool_list(propose: Callable[..., Any]) -> ListStep[Pool]:
    """Return the list of what is known before the first round: one pool, without a model call."""
    return ListStep(
        name="pool",
        item=Pool,
        propose=propose,
        batch=1,
        once=True,
        asks=False,
        summary="instructions to start from",
    )


def told_list(
    rng: random.Random, seeds: Sequence[str], written: Sequence[str], options: Options
) -> str:
    """Some instructions of the pool and some that the model wrote, numbered, in any order."""
    new = rng.sample(written, min(options.told_new, options.told, len(written)))
    old = rng.sample(seeds, min(options.told - len(new), len(seeds)))
    told = [*new, *old]
    rng.shuffle(told)
    return "\n".join(f"{number}. {text}" for number, text in enumerate(told, 1))


class Known:
    """The instructions that others are compared with."""

    def __init__(self, texts: Iterable[str], similar: float) -> None:
        """Those known before, and the ROUGE-L above which another is not one more."""
        self._tokens = [tokens(text) for text in texts]
        self._similar = similar

    def nearest(self, text: str) -> float:
        """ROUGE-L with the nearest, to four places; then it is known itself, unless too near."""
        of_text = tokens(text)
        nearest = max((rouge_l(of_text, one) for one in self._tokens), default=0.0)
        if nearest <= self._similar:
            self._tokens.append(of_text)
        return round(nearest, 4)


_NAMES = ("instructions", "instances")
_PROMPTS = {name: Prompt(name, package="targen_methods.selfinstruct") for name in _NAMES}
PROMPTS = tuple(_PROMPTS.values())


class Steps:
    """The steps for one task."""

    def __init__(self, base: Base, options: TaskOptions) -> None:
        """For the rows of `base`.

        Raises:
            UsageError: an instruction is empty, or the limits exclude all.
        """
        if any(not normalized(text) for text in options.instruction):
            raise UsageError("instruction: one of the values is empty")
        if options.shortest > options.longest:
            raise UsageError(
                f"shortest={options.shortest} is larger than longest={options.longest}, so every "
                "instruction would be rejected"
            )
        self.task = base.task
        self.columns: Columns = base.columns
        self.options = options
        self.labels = " / ".join(map(self.columns.label_words, self.task.labels))
        self.form = json.dumps({"rows": [dict.fromkeys(self.columns.names, "...")]})
        self._reply = list_of("rows", self.columns.reply(), options.instances)

    # --- instructions -----------------------------------------------------------

    async def pool(self, llm: Llm, parent: None, existing: Sequence[Pool]) -> Sequence[Pool]:
        """Return the instructions before the first round: the user's, and the task's."""
        own = [" ".join(text.split()) for text in self.options.instruction]
        return [Pool(seeds=tuple(dict.fromkeys([*own, *self._of_task()])))]

    def _of_task(self) -> list[str]:
        """Return instructions for the task as described, starting with the plainest."""
        texts = " and ".join(name.replace("_", " ") for name in self.columns.names)
        names = [label.name for label in self.task.labels]
        among = f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0]
        means = "; ".join(map(self.columns.label_words, self.task.labels))
        asked = (self.task.judging.instructions or "").strip().partition("\n")[0]
        return [
            *([asked] if normalized(asked) else []),
            f"Read the {texts} and choose the label that fits: {among}.",
            f"Which of these is right for the {texts}? {means}.",
            f"Somebody has to sort a pile of such rows. Put each under {among}.",
        ]

    async def instructions(
        self, llm: Llm, parent: Pool, existing: Sequence[Instruction]
    ) -> Sequence[Instruction]:
        """Add a round: the model sees some of the pool and some of its own, and adds others."""
        written = [one.text for one in existing]
        reply = await llm.ask(
            _PROMPTS["instructions"],
            reply=InstructionsReply,
            description=self.task.description,
            labels=self.labels,
            told=told_list(llm.rng("told"), parent.seeds, written, self.options),
            count=llm.batch,
        )
        # A small model gives back the worked instructions of the prompt, too.
        worked = sorted(_PROMPTS["instructions"].answers)
        known = Known((*parent.seeds, *written, *worked), self.options.similar)
        tidy = [" ".join(text.split()) for text in reply.instructions[: llm.batch]]
        return [Instruction(text=text, nearest=known.nearest(text)) for text in tidy if text]

    def check(self, instruction: Instruction) -> None:
        """Check that an instruction is one.

        Raises:
            Rejected: what `check_instruction` raises.
        """
        check_instruction(instruction.text, instruction.nearest, self.options)

    # --- rows -------------------------------------------------------------------

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""
        count = self.options.instances
        others = " / ".join(
            self.columns.label_words(one) for one in self.task.labels if one.name != label
        )

        async def write(llm: Llm, instruction: Instruction) -> Sequence[BaseModel | Rejected]:
            reply = await llm.ask(
                _PROMPTS["instances"],
                reply=self._reply,
                description=self.task.description,
                instruction=instruction.text,
                label=self.columns.label_words(label),
                others=others or "none",
                count=count,
                form=self.form,
            )
            return [self._row(row, label) for row in reply.items[:count]]

        return write

    def _row(self, row: BaseModel, label: str) -> BaseModel | Rejected:
        try:
            values = self.columns.of_row(row)
            for name in self.columns.texts:
                text = values[name].strip()
                if text.endswith(":"):
                    raise Rejected("unfinished", f"{name} ends with a colon")
                if normalized(text) == normalized(label):
                    raise Rejected("text-is-label", f"{name} is the label itself")
            return self.columns.instance(values, label)
        except Rejected as error:
            return error

    # --- offline ----------------------------------------------------------------

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        rng = call.rng
        if call.prompt == "instructions":
            return {"instructions": [sentence(rng) for _ in range(int(call.values["count"]))]}
        if call.prompt == "instances":
            return {"rows": [self.columns.made_up(rng) for _ in range(int(call.values["count"]))]}
        return self.columns.judged(call)


def _task(base: Base, options: TaskOptions) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=pool_list(steps.pool),
        seeds=(
            ListStep(
                name="instructions",
                item=Instruction,
                propose=steps.instructions,
                batch=options.asked,
                check=steps.check,
                key=lambda one: " ".join(one.text.casefold().split()),
                summary="new instructions, each different from the earlier ones",
            ),
        ),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(*PROMPTS, META_PROMPT),
        seeding={"instances_per_call": options.instances},
        calls={
            "parameters": {
                "instructions": {"temperature": 0.7, "max_tokens": 128 * options.asked},
                "generate": {
                    "temperature": options.temperature,
                    "max_tokens": 400 * options.instances,
                },
            },
            "dry_run": steps.dry_run,
        },
    )


SELFINSTRUCT = Method(
    summary="generates instructions in rounds from a pool, then rows for each instruction, "
    "starting from the label",
    version="1",
    task=_task,
    options=TaskOptions,
    presets={"paper": PAPER},
    source=(
        "Self-Instruct, arXiv:2212.10560, with our own prompts. Its authors started from 175 tasks "
        "and had the model write further tasks of any kind. Here the task and its labels are "
        "fixed, and instructions differ in the kind of texts that the task's description allows. "
        "So instructions that mention pictures or files are kept; theirs were dropped. Paraphrased "
        "instructions are dropped sooner. Calls show more of the model's own instructions, since "
        "the task gives few to start from. Each instruction gives two rows per label at a "
        "temperature of 0.7, about as many as theirs gave in all, for more kinds of texts. The "
        "preset `paper` has their numbers. "
        "The model is not asked whether an instruction is a classification. Labels are closed, and "
        "each call writes rows for one of them (their output before input). An instruction starts "
        "with a letter or digit "
        "of any script; theirs had to be English. Among rows with the same texts the first is "
        "kept, whatever its label; they dropped all rows of a task if two contradicted each "
        "other. They sampled instructions at top-p 0.5 with a presence penalty of 2, and rows "
        "with one of 1.5. Not every service accepts these: -o instructions.top_p=0.5."
    ),
    citation="""
@inproceedings{wang2023self,
  title     = {Self-Instruct: Aligning Language Models with Self-Generated Instructions},
  author    = {Wang, Yizhong and Kordi, Yeganeh and Mishra, Swaroop and Liu, Alisa and Smith,
               Noah A. and Khashabi, Daniel and Hajishirzi, Hannaneh},
  booktitle = {Proceedings of the 61st Annual Meeting of the Association for Computational
               Linguistics},
  year      = {2023},
  eprint    = {2212.10560}
}""",
)
