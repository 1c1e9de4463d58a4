"""The pool: which worker gets which call, and what becomes of calls when one is lost; no Ray."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from targen_core import ChatReply
from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import JobFailed, ServiceError
from targen_ray.pool import LinkLost, Pool, WorkerLost
from targen_ray.wire import Hello, ModelRecipe, Setup, dump, load
from targen_ray.worker import Worker, versions


class Model:
    """Answers when it is let; `Worker` reads it from bytes, so what it shares is the class's."""

    structured = seeded = True
    price = None
    gates: dict[str, asyncio.Event] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self, identity="m", limit=None):
        self.identity, self.max_concurrency = identity, limit

    async def complete(self, request):
        text = request.messages[-1].content
        if text in self.gates:
            await self.gates[text].wait()
        if text == "busy":
            raise ServiceError("too many", retry_after=3.0, cause="rate-limit")
        if text == "broken":
            raise LookupError("no such thing")
        if text == "played":
            text = request.dry_run()
        return ChatReply(text, "stop", 1, 1)

    def count_tokens(self, request):
        return 1

    async def aclose(self):
        pass


class Near:
    """A link to a worker in this process; `cut` loses it."""

    def __init__(self):
        self.worker = Worker()
        self.got: list[str] = []
        self._cut = asyncio.get_running_loop().create_future()

    async def setup(self, *models):
        import pickle

        recipes = tuple(ModelRecipe(m.identity, pickle.dumps(m), "", b"") for m in models)
        setup = Setup(recipes, 1, versions(()))
        (hello,) = load(await self.worker.setup(dump([setup])))
        assert hello.problem is None
        return hello

    def cut(self):
        self._cut.set_result(None)

    def _note(self, payload):
        self.got += [o.request.messages[-1].content for o in load(payload) if o.request]

    async def exchange(self, payload):
        self._note(payload)
        answer = asyncio.ensure_future(self.worker.exchange(payload))
        await asyncio.wait((answer, self._cut), return_when=asyncio.FIRST_COMPLETED)
        if self._cut.done():
            answer.cancel()
            raise LinkLost("it was cut")
        return answer.result()

    def submit(self, payload):
        self._note(payload)
        self.task = asyncio.ensure_future(self.worker.submit(payload))


def request(text, head="same", dry_run=None):
    messages = (Message("system", head), Message("user", text))
    return ChatRequest(messages, {"max_tokens": 5}, key=text, dry_run=dry_run)


class Stage:
    """A pool with some workers."""

    def __init__(self):
        self.pool = Pool(1)
        self.links: list[Near] = []
        self.serving: list[asyncio.Task] = []

    async def add(self, model=None):
        link = Near()
        hello = await link.setup(model or Model())
        self.links.append(link)
        self.serving.append(asyncio.ensure_future(self.pool.serve(link, hello)))
        await asyncio.sleep(0)
        return link

    def ask(self, text, **more):
        return asyncio.ensure_future(self.pool.ask(0, request(text, **more)))

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)


def staged(test):
    """Run a test of a stage in an event loop of its own; one that names `gates` has them too."""
    named = inspect.signature(test).parameters

    def run(gates):
        async def on_stage():
            async with Stage() as stage:
                await test(**{name: {"stage": stage, "gates": gates}[name] for name in named})

        asyncio.run(on_stage())

    return run


@pytest.fixture
def gates(monkeypatch):
    """Texts that are answered only when they are let."""
    made = {}
    monkeypatch.setattr(Model, "gates", made)
    return made


@staged
async def test_replies_errors_and_bugs_come_back_as_they_are(stage):
    await stage.add()
    assert (await stage.ask("hello")).text == "hello"
    with pytest.raises(ServiceError, match="too many") as limited:
        await stage.ask("busy")
    assert limited.value.retry_after == 3.0
    with pytest.raises(Exception, match="no such thing") as broken:
        await stage.ask("broken")
    assert type(broken.value).__name__ == "LookupError"
    assert (await stage.ask("played", dry_run=lambda: "offline")).text == "offline"


@staged
async def test_calls_go_to_the_worker_with_the_fewest_and_stay_even(stage, gates):
    for number in range(12):
        gates[f"c{number}"] = asyncio.Event()
    await stage.add()
    await stage.add()
    asked = [stage.ask(f"c{number}") for number in range(12)]
    await stage.settle()
    counts = [len(member.calls) for member in stage.pool.members]
    assert sum(counts) == 12
    assert max(counts) - min(counts) <= 2
    for gate in gates.values():
        gate.set()
    assert {reply.text for reply in await asyncio.gather(*asked)} == set(gates)


@staged
async def test_a_prompt_that_begins_as_another_goes_where_that_one_was_read(stage):
    one, two = await stage.add(), await stage.add()
    for turn in range(6):
        for head in ("first", "second"):
            await stage.ask(f"{head} {turn}", head=head)
    assert {len({text.split()[0] for text in link.got}) for link in (one, two)} == {1}


@staged
async def test_a_worker_gets_no_more_than_its_model_can_use_and_others_wait(stage, gates):
    for text in "abc":
        gates[text] = asyncio.Event()
    await stage.add(Model(limit=1))
    asked = {text: stage.ask(text) for text in "abc"}
    await stage.settle()
    assert stage.pool.waiting == 2
    late = await stage.add(Model(limit=1))  # it takes over what waits
    await stage.settle()
    assert late.got == ["b"]
    gates["a"].set()
    assert (await asked["a"]).text == "a"
    gates["b"].set()
    gates["c"].set()
    assert (await asked["c"]).text == "c"


@staged
async def test_a_worker_that_takes_one_call_at_a_time_goes_on_with_what_it_has_read(stage):
    one, two = await stage.add(Model(limit=1)), await stage.add(Model(limit=1))
    heads = ("first", "first", "second", "first", "second", "second")
    asked = [
        stage.ask(f"{head} {turn} {place}", head=head)
        for turn in range(4)
        for place, head in enumerate(heads)
    ]
    await asyncio.gather(*asked)
    read = [{text.split()[0] for text in link.got} for link in (one, two)]
    assert read == [{"first"}, {"second"}]


@staged
async def test_a_call_that_nobody_has_read_waits_for_few_others_only(stage):
    link = await stage.add(Model(limit=1))
    known = [stage.ask(f"known {number}", head="known") for number in range(4)]
    rare = stage.ask("rare", head="rare")
    known += [stage.ask(f"later {number}", head="known") for number in range(50)]
    await asyncio.gather(rare, *known)
    assert 0 < link.got.index("rare") - 4 < 20


@staged
async def test_what_a_lost_worker_had_is_an_error_that_is_billed_and_others_go_on(stage, gates):
    gates["a"] = gates["b"] = asyncio.Event()
    one, two = await stage.add(), await stage.add()
    asked = [stage.ask("a"), stage.ask("b")]
    await stage.settle()
    assert (one.got, two.got) == (["a"], ["b"])
    one.cut()
    with pytest.raises(WorkerLost, match="it was cut") as lost:
        await asked[0]
    assert lost.value.billed
    assert lost.value.retryable
    gates["b"].set()
    assert (await asked[1]).text == "b"
    assert (await stage.ask("again")).text == "again"
    assert stage.serving[0].done()


@staged
async def test_a_call_that_is_not_wanted_any_more_is_taken_back(stage, gates):
    gates["a"] = asyncio.Event()
    link = await stage.add(Model(limit=1))
    first, second = stage.ask("a"), stage.ask("b")
    await stage.settle()
    first.cancel()
    assert (await second).text == "b"
    assert not link.worker._calls
    assert stage.pool.waiting == 0


@staged
async def test_without_workers_all_calls_end_the_run(stage, gates):
    waiting = stage.ask("a")
    await stage.settle()
    stage.pool.fail(JobFailed("no worker is left", cause="service"))
    for asked in (waiting, stage.ask("b")):
        with pytest.raises(JobFailed, match="no worker is left"):
            await asked


def hello_of(recipe=None, **changes):
    recipe = recipe or ModelRecipe("x", b"", "targen-standard:scripted", b"")
    setup = Setup((recipe,), 1, {**versions(()), **changes})

    async def made():
        (hello,) = load(await Worker().setup(dump([setup])))
        return hello

    return asyncio.run(made())


@pytest.mark.parametrize(
    ("recipe", "versions", "words"),
    [
        (None, {"Python": "2.7"}, "Python is 2.7 here and"),
        (None, {"targen-core": "99"}, "targen-core is 99 here and"),
        ((b"cno_such_package\nThing\n.", ""), {}, "lacks the package no_such_package"),
        ((b"", "nobody:nothing"), {}, "no backend named 'nobody:nothing'"),
    ],
)
def test_a_worker_says_what_it_lacks(recipe, versions, words):
    problem = hello_of(recipe and ModelRecipe("x", *recipe, b""), **versions).problem
    assert words in str(problem)
    assert not versions or "one image for all nodes" in problem.hint


def test_a_worker_whose_model_is_another_is_refused():
    import pickle

    from targen_standard.scripted import ScriptedOptions

    other = ModelRecipe(
        "other", b"", "targen-standard:scripted", pickle.dumps((ScriptedOptions, {}))
    )
    assert "instead of other" in str(hello_of(other).problem)


def test_no_secret_shows_in_what_a_worker_is_told():
    recipe = ModelRecipe("x", b"sk-secret", "b", b"sk-secret")
    assert "sk-secret" not in repr(Setup((recipe,), 1, {}))
    assert isinstance(hello_of(), Hello)
