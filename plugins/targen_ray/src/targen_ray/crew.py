"""The crew: the actors of a run, started, watched, replaced if lost, and released."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import Sequence
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from targen_core.calls.delivery import Workers
from targen_core.errors import JobFailed, TargenError, UsageError
from targen_core.text import plural
from targen_ray.cluster import Cluster, connect
from targen_ray.pool import LinkLost, Pool
from targen_ray.wire import Hello, Setup, dump, load
from targen_ray.worker import POLL, Worker

_log = logging.getLogger("targen.ray")

_SILENT = 3 * POLL  # seconds after which a silent worker counts as lost
_DEATHS = 4  # times in a row that a worker may die before it has answered a call
_SAY_AFTER, _SAY_AGAIN = 10.0, 60.0  # seconds of waiting after which it is said
_TICK = 1.0
_CLOSING = 10.0  # seconds for the end of Ray
_NAMES = {"cpu": "CPU", "gpu": "GPU", "memory": "memory"}
_RECONNECT = "RAY_gcs_rpc_server_reconnect_timeout_s"


class _Link:
    """The way to an actor."""

    def __init__(self, actor: ActorHandle[Any]) -> None:
        self._actor = actor

    async def exchange(self, payload: bytes) -> bytes:
        return await _called(self._actor.exchange.remote(payload), _SILENT)

    def submit(self, payload: bytes) -> None:
        # The waiting exchange reports the result.
        with contextlib.suppress(RayError):
            self._actor.submit.options(num_returns=0).remote(payload)


async def _called(ref: Any, seconds: float | None = None) -> bytes:
    """Return an actor's result.

    Raises:
        LinkLost: it is gone, cannot be reached, or does not respond.
    """
    try:
        answer: bytes = await asyncio.wait_for(_awaited(ref), seconds)
    except RayActorError as error:
        raise LinkLost(_why(error)) from error
    except (TimeoutError, GetTimeoutError) as error:
        raise LinkLost(f"it has not responded for {seconds:.0f} s") from error
    except RayTaskError as error:
        raise LinkLost(f"{type(error.cause).__name__}: {error.cause}") from error
    except RayError as error:
        raise LinkLost(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    return answer


async def _awaited(ref: Any) -> Any:
    return await ref


def _why(error: RayActorError) -> str:
    """Return Ray's words in one line, without its remarks on itself."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    about = [line for line in lines if "cause" in line.lower() or "died" in line.lower()]
    return (about or lines or [type(error).__name__])[-1][:300]


class Crew:
    """The workers of a run, and the pool that they answer."""

    def __init__(self, setups: Sequence[Setup], workers: Workers) -> None:
        """`setups` are the first messages to workers, in turn."""
        self.pool = Pool(len(setups[0].recipes))
        self._setups = [dump([setup]) for setup in setups]
        self._workers = workers
        self._cluster: Cluster | None = None
        self._keepers: dict[asyncio.Task[None], bool] = {}  # and whether each came up yet
        self._actors: set[ActorHandle[Any]] = set()
        self._first: asyncio.Future[Hello] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._minimum = self._maximum = 0
        self._made = 0

    def limits(self, model: int) -> list[int | None]:
        """Calls at once of a model that each worker can use, as far as the first one says."""
        assert self._first is not None
        return [self._first.result().limits[model]] * self._maximum

    async def start(self) -> None:
        """Start the workers and wait for the first.

        Raises:
            UsageError: the cluster does not exist, or its workers cannot make the models.
            JobFailed: no worker came up in time.
        """
        workers = self._workers
        asked = workers.maximum
        if workers.replicas:
            asked = max(asked or 0, len(workers.replicas))
        connecting = asyncio.ensure_future(asyncio.to_thread(connect, workers, asked))
        try:
            self._cluster = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_disconnect)
            raise
        try:
            nodes = await asyncio.to_thread(self._cluster.nodes)
            self._require_fit(nodes)
            self._minimum = self._fewest(nodes)
            self._maximum = max(self._minimum, workers.maximum or 0)
            loop = asyncio.get_running_loop()
            self._first = loop.create_future()
            for _ in range(self._minimum):
                self._add()
            self._watcher = asyncio.ensure_future(self._watch())
            await asyncio.shield(self._first)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the workers go; a cluster that was started for them ends."""
        tasks = [*self._keepers, *([self._watcher] if self._watcher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._keepers.clear()
        if self._first is not None and not self._first.done():
            self._first.cancel()
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            actors, self._actors = self._actors, set()
            ended = asyncio.to_thread(_end, cluster, actors)
            try:
                await asyncio.wait_for(ended, _CLOSING)
            except TimeoutError:
                _log.warning("Ray did not stop within %.0f s", _CLOSING)

    # --- how many, and of what ---

    def _needs(self) -> dict[str, float]:
        """Return the resources of a worker, by Ray's names."""
        asked = {"cpu": 1.0, **self._workers.resources}
        return {_NAMES.get(name.lower(), name): amount for name, amount in asked.items()}

    def _fewest(self, nodes: Sequence[Any]) -> int:
        """Return how many workers to start."""
        workers = self._workers
        assert self._cluster is not None
        if workers.minimum is not None:
            return max(workers.minimum, len(workers.replicas))
        if workers.replicas:
            return len(workers.replicas)
        if "gpu" in {name.lower() for name in workers.resources}:  # as many as there are for
            fit = (int(node.get("GPU", 0) // self._needs()["GPU"]) for node in nodes)
            return max(1, sum(fit))
        if self._cluster.started:
            return max(1, int((os.cpu_count() or 1) // self._needs()["CPU"]))
        return max(1, len(nodes))  # one for each

    def _require_fit(self, nodes: Sequence[Any]) -> None:
        """Check that a cluster that does not grow has a node for a worker.

        Raises:
            UsageError: the cluster does not have the resources.
        """
        assert self._cluster is not None
        lacking = self._lacking(nodes)
        if lacking and self._cluster.started:
            raise UsageError(
                f"--resources: {lacking}, and there are no other machines",
                hint="pass the --address of a cluster that has more",
            )

    def _lacking(self, nodes: Sequence[Any]) -> str:
        """Return the resource that no node has enough of, or ""."""
        needs = self._needs()
        if any(
            all(node.get(name, 0) >= amount for name, amount in needs.items()) for node in nodes
        ):
            return ""
        for name, amount in needs.items():
            best = max((node.get(name, 0) for node in nodes), default=0)
            if best < amount:
                return f"no node has {amount:g} {name}; the largest has {best:g}"
        listed = ", ".join(f"{amount:g} {name}" for name, amount in needs.items())
        return f"no single node has {listed}"

    # --- one worker ---

    def _add(self) -> None:
        task = asyncio.ensure_future(self._keep(self._setups[self._made % len(self._setups)]))
        self._made += 1
        self._keepers[task] = False
        task.add_done_callback(self._ended)

    async def _keep(self, setup: bytes) -> None:
        """Run a worker, and replace it as often as it is lost."""
        deaths = 0
        me = asyncio.current_task()
        assert me is not None
        while True:
            actor = self._actor()
            try:
                (hello,) = load(await _called(actor.setup.remote(setup)))
                if hello.problem is not None:
                    raise hello.problem
                self._keepers[me] = True
                assert self._first is not None
                if not self._first.done():
                    self._first.set_result(hello)
                member = await self.pool.serve(_Link(actor), hello)
                deaths = 1 if member.answered else deaths + 1
                why = "it was lost before it answered a call"
                _log.warning("a worker was lost; starting a new one")
            except LinkLost as error:
                deaths, why = deaths + 1, str(error)
            finally:
                self._keepers[me] = False
                self._actors.discard(actor)
                with contextlib.suppress(Exception):
                    ray.kill(actor)
            if deaths >= _DEATHS:
                raise JobFailed(
                    f"a worker was started {deaths} times and died each time: {why}",
                    hint="use fewer --workers, or give each of them more --resources",
                    cause="service",
                )
            await asyncio.sleep(0.1 * deaths)

    def _actor(self) -> ActorHandle[Any]:
        needs = self._needs()
        cores, gpus = needs.pop("CPU"), needs.pop("GPU", 0)
        memory = needs.pop("memory", None)
        made: Any = ray.remote(Worker)
        actor: ActorHandle[Any] = made.options(
            num_cpus=cores,
            num_gpus=gpus,
            memory=memory,
            resources=needs,
            max_restarts=0,  # another one takes its place, wherever there is room
            max_task_retries=0,  # the call layer repeats a lost call
            max_concurrency=8,
            name=None,
        ).remote()
        self._actors.add(actor)
        return actor

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Give a worker up; the run continues with the others, if there are any."""
        self._keepers.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if not isinstance(error, TargenError):
            error = JobFailed(
                f"a worker could not be started: {type(error).__name__}: {error}", cause="service"
            )
        assert self._first is not None
        if any(self._keepers.values()):
            left = sum(self._keepers.values())
            _log.warning("gave up on a worker; %d left: %s", left, error)
        elif not self._keepers:
            self._fail(error)

    def _fail(self, error: TargenError) -> None:
        assert self._first is not None
        if not self._first.done():
            self._first.set_exception(error)
        else:
            if not isinstance(error, JobFailed):
                error = JobFailed(str(error), hint=error.hint, cause="service")
            self.pool.fail(error)

    # --- all of them ---

    async def _watch(self) -> None:
        """Say what is waited for, have more workers where calls wait, and see a cluster's end."""
        loop = asyncio.get_running_loop()
        begun = said = loop.time()
        reached = loop.time()
        allowed = 0.6 * float(os.environ.get(_RECONNECT, 60))  # before Ray ends this process
        assert self._first is not None
        while True:
            await asyncio.sleep(_TICK)
            now = loop.time()
            cluster = self._cluster
            if cluster is None:
                return
            if await asyncio.to_thread(cluster.is_reachable):
                reached = loop.time()
            elif now - reached > allowed:
                self._fail(
                    JobFailed(
                        "the head node of the Ray cluster has not answered for "
                        f"{now - reached:.0f} s",
                        hint="resume the run when it is back, or without --executor",
                        cause="service",
                    )
                )
                return
            up = sum(self._keepers.values())
            pending = len(self._keepers) - up
            if (
                pending
                and now - begun > _SAY_AFTER
                and now - said > (_SAY_AGAIN if up else _SAY_AFTER)
            ):
                said = now
                _log.warning("%s", await self._waiting_words(cluster, up))
            if not self._first.done() and now - begun > self._workers.patience:
                words = await self._waiting_words(cluster, up)
                self._fail(
                    JobFailed(
                        f"no worker started within {self._workers.patience:g} s: {words}",
                        hint="lower --resources; run ray status to see what is free",
                        cause="service",
                    )
                )
                return
            if self.pool.waiting and not pending and len(self._keepers) < self._maximum:
                for _ in range(min(math.ceil(up / 2), self._maximum - len(self._keepers))):
                    self._add()

    async def _waiting_words(self, cluster: Cluster, up: int) -> str:
        """Return what workers that have not started are waiting for."""
        pending = len(self._keepers) - up
        with contextlib.suppress(Exception):
            lacking = self._lacking(await asyncio.to_thread(cluster.nodes))
            if lacking:
                return f"{plural(up, 'worker')} running, {pending} waiting for a node: {lacking}"
            free = await asyncio.to_thread(cluster.free)
            for name, amount in self._needs().items():
                if free.get(name, 0) < amount:
                    has = free.get(name, 0)
                    why = f"each needs {name}={amount:g}, but the cluster has only {has:g} free"
                    return f"{plural(up, 'worker')} running, {pending} waiting for resources: {why}"
        return f"{plural(up, 'worker')} running, {pending} starting"


def _end(cluster: Cluster, actors: set[ActorHandle[Any]]) -> None:
    for actor in actors:
        with contextlib.suppress(Exception):
            ray.kill(actor)
    cluster.close()


def _disconnect(connecting: asyncio.Future[Cluster]) -> None:
    """Close a connection that was made after its caller gave up."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
