"""What the core's tests share: virtual time, and a small world to generate rows in.

Test modules do not import each other; they get all of this as fixtures.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from targen_core import (
    Backend,
    BackendOptions,
    ChatReply,
    Correction,
    Label,
    Price,
    Rejected,
    TargenError,
    Task,
)
from targen_core.calls.model import ChatRequest
from targen_core.engine.quotas import Shard
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs import job as jobs
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.groups import Judging, Rows, Seeding, Texts
from targen_core.tasks.steps import ListStep
from targen_core.tasks.steps import Part as TaskPart
from targen_standard.embedding import WORDS
from targen_standard.filters.distance import DISTANCE
from targen_standard.filters.near_duplicates import NEAR_DUPLICATES
from targen_testing.virtual_time import VirtualLoop

from ..runs import OUTPUTS, Outputs, journal

# --- virtual time -----------------------------------------------------------


@pytest.fixture(scope="session")
def drive() -> Callable[[Any], Any]:
    """Runs a coroutine to its end on virtual time."""

    def run(work: Any) -> Any:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(work)

    return run


# --- a model ----------------------------------------------------------------


class ToyModel:
    """A chat model whose reply is a function of the request, late by `latency`.

    `hook(n, request)` is called before the n-th call is answered; what it
    raises, the model raises. `asked` holds the keys in order of arrival.
    """

    structured = True
    seeded = False
    max_concurrency: int | None = None

    def __init__(
        self,
        reply: Callable[[ChatRequest], Any],
        *,
        latency: Callable[[ChatRequest], float] | None = None,
        hook: Callable[[int, ChatRequest], None] | None = None,
        identity: str = "toy",
        price: Price | None = Price(1.0, 2.0),  # noqa: B008 - frozen
    ) -> None:
        self.reply = reply
        self.latency = latency
        self.hook = hook
        self.identity = identity
        self.price = price
        self.asked: list[str] = []
        self.requests: list[ChatRequest] = []
        self.flying = 0
        self.peak = 0
        self.closed = 0

    async def complete(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request.key)
        self.requests.append(request)
        self.flying += 1
        self.peak = max(self.peak, self.flying)
        try:
            if self.hook is not None:
                self.hook(len(self.asked), request)
            if self.latency is not None:
                await asyncio.sleep(self.latency(request))
            made = self.reply(request)
        finally:
            self.flying -= 1
        if isinstance(made, ChatReply):
            return made
        text = made if isinstance(made, str) else json.dumps(made)
        return ChatReply(text, "stop", self.count_tokens(request) // 2, max(1, len(text) // 8))

    def count_tokens(self, request: ChatRequest) -> int:
        return sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)

    async def aclose(self) -> None:
        self.closed += 1


# --- a world ----------------------------------------------------------------

if find_spec("targen_analysis") is None:  # alone with the wheel
    collect_ignore = ["api/test_as_python_has_it.py", "api/test_refused.py"]

_WORDS = """anchor barley candle dragon ember falcon garden harbor island jungle kettle ladder
meadow needle orchard pepper quarry ribbon saddle temple umbrella valley walnut yellow zephyr
acorn bridge copper desert engine forest glacier hammer insect jacket kernel lantern marble
nectar oyster pillow quiver rocket silver tunnel urchin velvet window yonder zigzag""".split()


class Row(BaseModel):
    """An instance of the toy task."""

    seed: str
    text: str
    label: str | None


class Part(BaseModel):
    """An official row of a toy task whose instances make several."""

    text: str
    part: int
    label: str | None = None
    idx: int


class _Items(BaseModel):
    items: list[str]


class _Texts(BaseModel):
    texts: list[str]


class _Found(BaseModel):
    label: str


@dataclass(frozen=True, kw_only=True)
class World:
    """A toy task, and how its model behaves; all rates are by call key.

    `lists` holds the batch sizes of the chain; `maximum` how many items a list
    gives before it dries up; `trial` what share of a list's first candidates may
    be rejected, where it is below the first list; `labels` empty stands for open labels. `branches`
    are the task's, where they are not its labels. In `rounds`, the first list is told of the rows
    so far, as `Lab.in_rounds` says.
    """

    labels: tuple[str, ...] = ("yes", "no")
    branches: tuple[tuple[str, str | None], ...] = ()
    share: float = 0.0  # of a second part, which has all branches but the first
    endless: bool = False  # lists of the second part have no maximum
    rows_per_instance: int = 1
    per_call: int = 1
    samples: int = 1
    one_label: bool = False  # whether a seed is for one
    balanced_draws: bool = False
    lists: tuple[int, ...] = (3, 2)
    contexts: bool = True
    maximum: int | None = None
    trial: float = 1.0
    correct: bool = True
    bad: float = 0.0  # instances that a check rejects, and list items likewise
    repeat: float = 0.0  # texts and list items from a small pool
    relabel: float = 0.0
    none: float = 0.0  # corrections that find no label
    foreign: float = 0.0  # corrections to a label outside the set
    malformed: float = 0.0
    refuse: float = 0.0
    salt: str = ""
    unsure: float = 0.0  # corrections that keep a label in doubt
    rewrite: float = 0.0  # corrections that change the text as well
    side: str = ""  # how a generator makes calls side by side: a name of `SIDES`
    dimensioned: bool = False  # whether something is drawn for each item and each row
    rounds: bool = False

    @property
    def quota_names(self) -> tuple[str, ...]:
        return self.labels or ("any",)

    @property
    def branch_labels(self) -> dict[str, str | None]:
        return dict(self.branches) or {name: name for name in self.quota_names}

    # the task

    def task(self, **changes: Any) -> Task[str, Row]:
        chain = [
            ListStep(
                item=str,
                propose=self._propose(depth),
                batch=size,
                check=_no_bad_item,
                max_rejected=self.trial if depth else 1.0,
            )
            for depth, size in enumerate(self.lists)
        ]
        parts: dict[str, Any] = {
            "name": "toy",
            "version": "1",
            "summary": "A toy task",
            "description": "Rows of words.",
            "instance": Row,
            "labels": tuple(Label(name) for name in self.labels),
            "contexts": chain[0] if self.contexts else None,
            "seeds": tuple(chain[1:] if self.contexts else chain),
            "generators": {
                name: self._generator(name, aim) for name, aim in self.branch_labels.items()
            },
            "checks": (_no_bad_row,),
            "judging": Judging(corrector=self._judge if self.correct else None),
            "rows": Rows(
                rows_per_instance=self.rows_per_instance,
                to_rows=self._parts if self.rows_per_instance > 1 else None,
                schema=Part if self.rows_per_instance > 1 else None,
                label_of=None if self.labels else lambda row: row.label,
                with_label=None
                if self.labels
                else lambda row, name: row.model_copy(update={"label": name}),
            ),
            "texts": Texts(
                render=lambda row: f"{row.seed} {row.text}", dedup_text=lambda row: row.text
            ),
        }
        seeding: dict[str, Any] = {
            "branch_labels": dict(self.branches),
            "instances_per_call": self.per_call,
            "samples_per_seed": self.samples,
            "labels_per_seed": 1 if self.one_label else None,
            "balanced_draws": self.balanced_draws,
        }
        if self.share:
            first, *others = self.branch_labels
            shares = (((first,), 1 - self.share), (tuple(others), self.share))
            parts |= {"contexts": None, "seeds": ()}
            seeding["parts"] = {
                f"part{number}": TaskPart(
                    lists=tuple(
                        replace(
                            step,
                            name=f"list{number}{depth}",
                            propose=self._propose(depth, endless=self.endless and number == 1),
                        )
                        for depth, step in enumerate(chain)
                    ),
                    branches=branches,
                    share=share,
                )
                for number, (branches, share) in enumerate(shares)
            }
        task: Task[str, Row] = Task(**parts, seeding=Seeding(**seeding))
        if self.rounds:
            task = _in_rounds(task)
        if self.dimensioned:
            task = dimensioned(task)
        return task.replace(**changes)

    def _parts(self, row: Row, idx: int) -> list[dict[str, Any]]:
        return [
            {"text": row.text, "part": part, "label": row.label, "idx": idx + part}
            for part in range(self.rows_per_instance)
        ]

    def _propose(self, depth: int, *, endless: bool = False) -> Any:
        async def propose(llm: Any, parent: Any, existing: Sequence[str]) -> Sequence[str]:
            reply = await llm.ask(
                "list $depth $parent have $have give $count",
                reply=_Items,
                depth=depth,
                parent=parent or "-",
                have=len(existing),
                count=llm.batch,
            )
            has_end = self.maximum is not None and not endless
            left = max(0, self.maximum - len(existing)) if has_end else len(reply.items)
            return reply.items[:left]

        return propose

    def _generator(self, name: str, aim: str | None) -> Any:
        async def write(llm: Any, seed: str) -> Any:
            earlier = " ".join(row.text for row in llm.earlier)
            about = f"{seed} / {earlier}" if earlier else seed
            reply = await llm.ask("write $label / $seed", reply=_Texts, label=name, seed=about)
            label = llm.rng("label").choice(["red", "blue"])
            if self.labels or aim is None:
                label = aim
            more = f" {await SIDES[self.side](llm, seed)}" if self.side else ""
            rows = [Row(seed=seed, text=f"{text}{more}", label=label) for text in reply.texts]
            return rows if self.per_call > 1 else rows[0]

        return write

    async def _judge(self, llm: Any, row: Row) -> Correction:
        reply = await llm.ask("judge $label / $text", reply=_Found, label=row.label, text=row.text)
        if reply.label == "none":
            return Correction.reject("no-label", "nothing fits")
        doubt = "unsure" if self.unsure and llm.rng("mood").random() < self.unsure else ""
        mended = None
        if self.rewrite and llm.rng("pen").random() < self.rewrite:
            mended = row.model_copy(update={"text": f"{row.text} mended", "label": reply.label})
        return Correction(reply.label, f"judged {reply.label}", doubt, mended)

    # the model

    def reply(self, request: ChatRequest) -> Any:
        rng = random.Random(f"{self.salt}{request.key}")
        draw = rng.random()
        if draw < self.malformed:
            return f"That is hard to say, {request.key[:8]}."  # no two are alike
        if draw < self.malformed + self.refuse:
            return ChatReply("I would rather not.", "refusal", 5, 5)
        # Another paragraph tells what was drawn.
        kind, *words = request.messages[0].content.partition("\n\n")[0].split()
        if kind == "list":
            items = [self._text(rng, 3) for _ in range(int(words[-1]))]
            return {"items": items}
        if kind == "write":
            return {"texts": [self._text(rng, 8) for _ in range(self.per_call)]}
        claimed, draw = words[0], rng.random()
        if claimed == "None":
            claimed = rng.choice(self.labels or ("red", "blue"))
        if draw < self.relabel:
            others = [name for name in self.labels or ("red", "blue") if name != claimed]
            return {"label": rng.choice(others or [claimed])}
        if draw < self.relabel + self.none:
            return {"label": "none"}
        if draw < self.relabel + self.none + self.foreign and self.labels:
            return {"label": "martian"}
        return {"label": claimed}

    def _text(self, rng: random.Random, count: int) -> str:
        draw = rng.random()
        if draw < self.repeat:
            return f"{' '.join(_WORDS[:count])} {_WORDS[rng.randrange(3)]}"
        return " ".join(["BAD"] * (draw > 1 - self.bad) + rng.choices(_WORDS, k=count))


def _no_bad_item(item: str) -> None:
    if item.startswith("BAD"):
        raise Rejected("bad", "a bad item")


def _no_bad_row(row: Row, seed: str) -> None:
    if row.text.startswith("BAD"):
        raise Rejected("bad", "a bad row")


# Steps that make calls side by side; whichever answer comes first, the rows are the same.


async def _chain(llm: Any, seed: str, name: str, *, odd: bool = False) -> str:
    """Ask twice, the second time with the same words in each chain; or reject the row."""
    first = await llm.ask("write only / $seed, $name", reply=_Texts, seed=seed, name=name)
    llm.note(**{name: first.texts[0]})
    again = await llm.ask("write only / $seed, more", reply=_Texts, seed=seed)
    if odd and name == "b" and len(first.texts[0]) % 5 == 0:
        raise Rejected("odd-length", "its length is a multiple of five")
    return f"{first.texts[0]} {again.texts[0]}"


async def _gathered(llm: Any, seed: str) -> str:
    return " ".join(await asyncio.gather(*(_chain(llm, seed, name, odd=True) for name in "abc")))


def _chains(llm: Any, seed: str) -> list[asyncio.Task[str]]:
    """Start the chains. Their errors count as retrieved, also those that no one waits for.

    Otherwise asyncio logs them whenever garbage is collected, in whichever test that may be, and
    early versions of Python 3.11 cannot parse code meanwhile (python/cpython#106905).
    """
    chains = [asyncio.create_task(_chain(llm, seed, name)) for name in "abc"]
    for chain in chains:
        chain.add_done_callback(lambda done: done.cancelled() or done.exception())
    return chains


async def _first_come(llm: Any, seed: str) -> str:
    # as tasks: `as_completed` starts coroutines in the order of a set
    chains = _chains(llm, seed)
    return " ".join([await one for one in asyncio.as_completed(chains)])


async def _race(llm: Any, seed: str) -> str:
    chains = _chains(llm, seed)
    done, others = await asyncio.wait(chains, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    # A set of tasks has no order that two runs share.
    return min(one.result() for one in chains if one in done)


async def _taking_turns(llm: Any, seed: str) -> str:
    one_at_a_time, texts = asyncio.Semaphore(1), []

    async def chain(name: str) -> None:
        for number in range(2):
            async with one_at_a_time:
                reply = await llm.ask(
                    "write only / $seed, $name", reply=_Texts, seed=seed, name=name
                )
                texts.append(f"{number} {reply.texts[0]}")

    await asyncio.gather(*map(chain, "abc"))
    return " ".join(texts)


async def _grouped(llm: Any, seed: str) -> str:
    try:
        async with asyncio.TaskGroup() as group:
            chains = [group.create_task(_chain(llm, seed, name, odd=True)) for name in "abc"]
    except BaseExceptionGroup as errors:
        # Not by except*, which wraps what is raised in it again before Python 3.11.4.
        rejected, others = errors.split(Rejected)
        if rejected is None or others is not None:
            raise
        raise rejected.exceptions[0] from None
    return " ".join(chain.result() for chain in chains)


async def _forgiving(llm: Any, seed: str) -> str:
    """Do without what was not answered; a run that stops must not make a row of it."""
    chains = (_chain(llm, seed, name) for name in "abc")
    texts = await asyncio.gather(*chains, return_exceptions=True)
    return " ".join(text for text in texts if isinstance(text, str))


SIDES = {
    "gathered": _gathered,
    "forgiving": _forgiving,
    "first come": _first_come,
    "race": _race,
    "taking turns": _taking_turns,
    "grouped": _grouped,
}


PLACE = Dimension(name="place", values=("kitchen", "harbour", "court"))
WORD = Dimension(name="word", values=tuple("abcde"))
LENGTH = Dimension(name="length", values=("short", "long"))
KIND = Dimension(name="kind", values={"open": 3, "contradicted": 1}, in_prompt=False)


def dimensioned(task: Task[str, Row]) -> Task[str, Row]:
    """The task with dimensions of its lists and its rows."""
    changes: dict[str, Any] = {"dimensions": (LENGTH, KIND)}
    if task.contexts is not None and task.contexts.asks:
        changes["contexts"] = replace(task.contexts, dimensions=(PLACE,))
    if task.seeds and task.seeds[-1].asks:
        *above, last = task.seeds
        changes["seeds"] = (*above, replace(last, dimensions=(WORD,)))
    return task.replace(**changes)


def _in_rounds(
    task: Task[str, Row], told: list[list[Any]] | None = None, last: int = 99
) -> Task[str, Row]:
    """The task with rounds of 3, 5, 8, ... seeds that name the rows before them.

    Each round's one item says how many rows it was told of, a digest of them, and how many lack, so
    that others make other seeds, calls and files.
    """
    sizes = (3, 5, 8, 13)

    async def rounds(llm: Any, parent: Any, existing: Sequence[str]) -> Sequence[str]:
        if len(existing) > last:
            raise Rejected("nothing-learned", "the rows teach nothing")
        digest = hashlib.sha256(repr(list(llm.rows)).encode()).hexdigest()[:8]
        if told is not None:
            told.append(list(llm.rows))
        needed = sum(llm.needed.values())
        return [f"round {len(existing)} of {len(llm.rows)} rows {digest} needing {needed}"]

    async def seeds(llm: Any, parent: Any, existing: Sequence[str]) -> Sequence[str]:
        size = sizes[min(int(parent.split()[1]), len(sizes) - 1)]
        knows = f"{parent} knowing {len(llm.rows)}"
        return [] if existing else [f"{knows} seed {at}" for at in range(size)]

    first = ListStep(item=str, propose=rounds, batch=1, asks=False, told_rows=True)
    below = replace(task.seeds[0], propose=seeds, asks=False)
    several: dict[str, Any] = {"from_rows": _whole} if task.rows_per_instance > 1 else {}
    return task.replace(contexts=first, seeds=(below,), rows=several)


def _whole(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The instance that these rows are."""
    return [Row(seed="", text=rows[0]["text"], label=rows[0]["label"])]


_RATES = st.sampled_from([0.0, 0.1, 0.3])

_SIZES: dict[str, Any] = {
    "rows_per_instance": st.sampled_from([1, 2]),
    "per_call": st.sampled_from([1, 3]),
    "samples": st.sampled_from([1, 1, 3]),
    "one_label": st.booleans(),
    "balanced_draws": st.booleans(),
    "maximum": st.sampled_from([None, None, 2]),
    "trial": st.sampled_from([1.0, 1.0, 0.5, 0.0]),
    "lists": st.sampled_from([(3, 2), (4,), (1, 1), (2, 2, 2), (2, 5)]),
    "contexts": st.booleans(),
    "bad": _RATES,
    "repeat": _RATES,
    "relabel": _RATES,
    "rewrite": _RATES,
    "none": st.sampled_from([0.0, 0.1]),
    "foreign": st.sampled_from([0.0, 0.1]),
    "malformed": st.sampled_from([0.0, 0.2]),
    "refuse": st.sampled_from([0.0, 0.05]),
    "unsure": st.sampled_from([0.0, 0.0, 0.3]),
    "side": st.sampled_from(["", "", "", *SIDES]),
    "salt": st.sampled_from(["x", "y", "z"]),
}

_ONE = {"rows_per_instance": st.just(1), "samples": st.just(1), "one_label": st.just(False)}

_YES_OR_NO = ("yes", "no")
_OPEN: tuple[str, ...] = ()


def _worlds(
    *shapes: tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]], **more: Any
) -> Any:
    """Build worlds with these labels and branches; empty branches mean one for each label."""
    return st.one_of(
        st.builds(World, labels=st.just(labels), branches=st.just(branches), **_SIZES | more)
        for labels, branches in shapes
    )


WORLDS = _worlds(
    *((labels, ()) for labels in (_YES_OR_NO, ("a", "b", "c"), ("only",), _OPEN)),
    correct=st.sampled_from([True, True, False]),
    dimensioned=st.booleans(),
)

BRANCHED = _worlds(
    (_YES_OR_NO, (("row", None),)),
    (_YES_OR_NO, (("supported", "yes"), ("contradicted", "no"), ("open", "no"))),
    (("a", "b", "c"), (("b", "b"), ("other", None), ("a", "a"), ("rare", None))),
    (_OPEN, (("who", "any"), ("when", None))),
)
"""Worlds whose branches are not their labels."""

SHARED = _worlds(
    (_YES_OR_NO, (("found", None), ("made yes", "yes"), ("made no", "no"))),
    (_OPEN, (("found", "any"), ("made", "any"))),
    share=st.sampled_from([0.25, 0.5]),
    endless=st.booleans(),
    contexts=st.just(True),
    **_ONE,
)
"""Worlds whose rows come in two parts."""

ROUNDS = _worlds(
    *((_YES_OR_NO, ()), (("only",), ())),
    rounds=st.just(True),
    contexts=st.just(True),
    lists=st.just((1, 4)),
    samples=st.just(1),
)
"""Worlds whose lists are told of the rows so far."""

ANY = st.one_of(WORLDS, WORLDS, BRANCHED, SHARED, ROUNDS)


@st.composite
def _specs(draw: st.DrawFn, world: World) -> dict[str, Any]:
    """What a run of this world may be asked for besides its rows."""
    aims = None not in world.branch_labels.values() and bool(world.labels or world.correct)
    config: dict[str, Any] = {
        "give_up_after": draw(st.sampled_from([20, 25])),
        "balance": draw(st.sampled_from(["final", "intended"])) if aims else "final",
        "near_duplicates": draw(st.sampled_from([90, 90, 70, 0])),
    }
    if draw(st.integers(0, 2)) == 0:
        config |= {
            "max_cosine": draw(st.sampled_from([0.05, 0.2, 0.4])),
            "max_refused": draw(st.sampled_from([None, 0.5, 0.9])),
            "embedder": "words",
        }
    if draw(st.integers(0, 3)) == 0 and not (world.share or world.rounds):
        count = draw(st.integers(2, 3))
        config["shard"] = Shard(draw(st.integers(1, count)), count, {})
    if not (world.share or world.rounds):
        contexts = world.contexts and len(world.lists) > 1
        given = draw(st.sampled_from(["", "", "", "seeds", *["limit", "contexts"] * contexts]))
        if given == "limit":
            config["contexts_limit"] = 3  # one for each shard, at least
        elif given:
            config["given"] = given  # a file of the user's takes the place of lists
    return config


def _quotas(world: World, maximum: int) -> st.SearchStrategy[dict[str, int]]:
    """Rows for some of a world's labels, in whole units."""
    counts = st.integers(0, maximum).map(lambda count: count * world.rows_per_instance)
    quotas = st.fixed_dictionaries(dict.fromkeys(world.quota_names, counts))
    return quotas.filter(lambda quotas: any(quotas.values()))


# --- running it -------------------------------------------------------------


class ToyOptions(BackendOptions):
    """Options of the toy backend."""

    model: str = "toy"
    api_key: SecretStr | None = None
    base_url: str = ""
    mirrors: tuple[str, ...] = ()
    timeout: float = 60.0


@dataclass
class Ran(Outputs):
    """One job's outcome, and its files as they were when it ended."""

    path: Path
    model: ToyModel
    report: dict[str, Any] = field(default_factory=dict)
    error: TargenError | None = None
    events: list[Any] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    gone: bool = False
    """Whether it failed before an answer, and left no folder."""

    def keep(self) -> None:
        """Read what a later job in the same directory will add to."""
        self.files = {name: (self.path / name).read_bytes() for name in OUTPUTS}
        self.journal = journal(self.path)

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[name].split(b"\n")[:-1]]

    @property
    def used(self) -> dict[tuple[str, str | None], Counter[str]]:
        """What the journal says was used, by step and label."""
        sums: dict[tuple[str, str | None], Counter[str]] = {}
        for record in self.journal:
            mine = sums.setdefault((record["step"], record["label"]), Counter())
            kind = "cached" if record.get("cached") else "lost" if record.get("lost") else "calls"
            saved = "saved_" if kind == "cached" else ""
            counts = {f"{saved}input_tokens": record["in"], f"{saved}output_tokens": record["out"]}
            mine.update({kind: 1, **counts})
        return {place: +counts for place, counts in sums.items()}

    @property
    def reported(self) -> dict[tuple[str, str | None], Counter[str]]:
        """The same, as its report says it."""
        rows = [dict(row) for row in self.report["usage"]["by_step"]]
        for row in rows:
            del row["dollars"]
        return {(row.pop("step"), row.pop("label")): +Counter(row) for row in rows}

    @property
    def journaled(self) -> list[str]:
        return [record["key"] for record in self.journal if "key" in record]


class Lab:
    """Makes registries and runs jobs on toy models."""

    World = World
    Row = Row
    Texts = _Texts
    ToyModel = ToyModel
    Options = ToyOptions
    worlds = WORLDS
    any = ANY
    specs = staticmethod(_specs)
    quotas = staticmethod(_quotas)
    in_rounds = staticmethod(_in_rounds)

    @staticmethod
    def registry(task: Any, model: Any, **backend: Any) -> Registry:
        made = Backend(
            **{
                "summary": "toy",
                "options": ToyOptions,
                "create": model if callable(model) else lambda options: model,
                **backend,
            }
        )
        return Registry(
            [
                Registration("task", "toy", task, "", "toy-tasks", "toy", "toy-tasks"),
                Registration("backend", "toy", made, "", "toy-models", "toy", "toy-models"),
                Registration(
                    *("embedder", "words", WORDS, ""),
                    *("targen-standard", "standard", "targen-standard"),
                ),
                Registration("filter", "distance", DISTANCE, "", "targen-standard", "", ""),
                Registration(
                    "filter", "near-duplicates", NEAR_DUPLICATES, "", "targen-standard", "", ""
                ),
            ]
        )

    @staticmethod
    def latency(salt: object, scale: float = 10.0) -> Callable[[ChatRequest], float]:
        """Latencies by key, from nothing to `scale` seconds, some alike."""

        def seconds(request: ChatRequest) -> float:
            return scale * random.Random(f"{salt} {request.key}").choice([0, 0.1, 0.1, 0.5, 1.0])

        return seconds

    def run(
        self,
        world: World,
        path: Path,
        quotas: Mapping[str, int] | None = None,
        *,
        latency: Callable[[ChatRequest], float] | None = None,
        model: Any = None,
        task: Task[Any, Any] | None = None,
        code: str | None = None,
        **how: Any,
    ) -> Ran:
        """Create a job (or resume it, or grow it) and run it; a job's failure is a result.

        `code` stands for the digest of the code: by default, one for each world and task. `how` is
        what `_run` takes, and fields of the config.
        """
        code = code or f"{world} {id(task) if task else ''}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "code_digest", lambda distributions: code)
            model = model or ToyModel(world.reply, latency=latency)
            return self._run(path, quotas, model, task or world.task(), **how)

    def _run(
        self,
        path: Path,
        quotas: Mapping[str, int] | None,
        model: Any,
        task: Task[Any, Any],
        *,
        resume: bool = False,
        grow: Mapping[str, int] | None = None,
        concurrency: int = 8,
        hook: Callable[[int, ChatRequest, Job], None] | None = None,
        listen: Callable[[Any], None] | None = None,
        cache: Path | None = None,
        limits: Mapping[str, Any] | None = None,
        resuming: Mapping[str, Any] | None = None,
        **config: Any,
    ) -> Ran:
        registry = self.registry(task, model)
        caps = {"concurrency": concurrency, "hedge": False, **(limits or {})}
        if resume or grow is not None:
            job = Job.resume(
                registry, path, cache=cache, quotas=grow, limits=caps, **(resuming or {})
            )
        else:
            assert quotas is not None
            request = RunConfig(task="toy", quotas=quotas, backend="toy", **caps, **config)
            job = Job.create(registry, request, path, cache=cache)
        ran = Ran(path, model)

        def observe(event: Any) -> None:
            ran.events.append(event)
            if listen is not None:
                listen(event)

        with job:
            if hook is not None:
                model.hook = lambda number, request: hook(number, request, job)
            try:
                ran.report = job.run(observe)
            except TargenError as error:
                ran.error = error
                report = path / "report.json"
                ran.report = json.loads(report.read_text()) if report.exists() else {}
                ran.gone = job.leaves_nothing
        if not ran.gone:
            ran.keep()
        return ran


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="session")
def folder() -> Callable[[], contextlib.AbstractContextManager[Path]]:
    """A folder of its own for each example of a property."""

    @contextlib.contextmanager
    def make() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="targen-test-") as name:
            yield Path(name)

    return make
