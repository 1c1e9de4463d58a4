"""A worker: a process that has the models of a run and answers its calls.

It is independent of Ray, which makes an actor from it. Calls come in batches, and their outcomes
are fetched in batches: a message costs more than most of the work per call.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import platform
from collections.abc import Callable
from functools import partial
from typing import Any

import importlib_metadata

from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.errors import TargenError, UsageError
from targen_core.plugins.loader import load_registry
from targen_ray.wire import Answer, Bug, Hello, ModelRecipe, Setup, dump, load

POLL = 20.0
"""Seconds after which an idle worker reports that it is alive."""

_LINGER = 0.05  # of the time that an answer takes, to have others go with it
_MAX_LINGER = 0.5  # seconds
_WEIGHT = 0.1  # of the last answer in the average time


class Worker:
    """Answers the calls of one run."""

    def __init__(self) -> None:
        self._models: list[ChatModel] = []
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._answers: list[Answer] = []
        self._ready = asyncio.Event()
        self._seconds = 0.0  # that an answer takes

    async def setup(self, payload: bytes) -> bytes:
        """Make the models, in place of those that there are; gives a `Hello`."""
        await self.close()
        (setup,) = load(payload)
        try:
            _require_versions(setup)
            os.environ["PYTHON_CPU_COUNT"] = str(setup.cores)
            self._models = [_made(recipe) for recipe in setup.recipes]
        except TargenError as error:
            return dump([Hello(problem=error)])
        except Exception as error:
            words = f"a worker could not create its models: {type(error).__name__}: {error}"
            return dump([Hello(problem=UsageError(words))])
        limits = tuple(model.max_concurrency for model in self._models)
        return dump([Hello(limits, os.getpid(), platform.node())])

    async def submit(self, payload: bytes) -> None:
        """Begin with calls, and let go those that are taken back."""
        for order in load(payload):
            if order.request is None:
                task = self._calls.pop(order.number, None)
                if task is not None:
                    task.cancel()
                continue
            request: ChatRequest = order.request
            dry_run: Callable[[], Any] | None = _AskDriver.raised if order.plays else None
            if order.dry_run is not None:
                dry_run = partial(_first, order.dry_run)
            # A model that is never sent elsewhere: what it wants of the task comes from there.
            object.__setattr__(request, "dry_run", dry_run)
            work = self._answer(order.number, self._models[order.model], request)
            self._calls[order.number] = asyncio.ensure_future(work)

    async def exchange(self, payload: bytes) -> bytes:
        """Begin with calls; wait for something to tell, and tell it."""
        await self.submit(payload)
        return dump(await self.told(min(_MAX_LINGER, self._seconds * _LINGER)))

    async def told(self, linger: float) -> list[Answer]:
        """Return outcomes, once there are some, including those that come within `linger` seconds.

        Return an empty list after `POLL` seconds without outcomes.
        """
        if not self._answers:
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), POLL)
            except TimeoutError:
                return []
        if self._calls and linger > 0.001:
            await asyncio.sleep(linger)
        answers, self._answers = self._answers, []
        return answers

    async def close(self) -> None:
        """Let go of calls and models."""
        for task in self._calls.values():
            task.cancel()
        self._calls.clear()
        self._answers.clear()
        models, self._models = self._models, []
        for model in models:
            await model.aclose()

    async def _answer(self, number: int, model: ChatModel, request: ChatRequest) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        outcome: Any
        try:
            outcome = await model.complete(request)
        except _AskDriver:
            outcome = None
        except TargenError as error:
            outcome = error
        except Exception as error:
            outcome = Bug(type(error).__name__, str(error))
        self._seconds += _WEIGHT * (loop.time() - begun - self._seconds)
        if self._calls.pop(number, None) is not None:
            self._answers.append(Answer(number, outcome))
            self._ready.set()


class _AskDriver(TargenError):
    """A scripted model wants the reply that the task has for a dry run.

    It passes through the user's script, which is not blamed for a `TargenError`.
    """

    @staticmethod
    def raised() -> Any:
        raise _AskDriver("the reply for a dry run comes from the driver")


def _first(values: tuple[Any]) -> Any:
    return values[0]


def _made(recipe: ModelRecipe) -> ChatModel:
    """The model of a recipe.

    Raises:
        UsageError: it cannot be made here, or is another one.
    """
    problem = ""
    if recipe.pickled:
        try:
            model: ChatModel = pickle.loads(recipe.pickled)  # noqa: S301 - of this run
        except Exception as error:
            if not recipe.backend_id:
                raise _lacking(recipe.identity, error) from error
            problem = str(error)
        else:
            return model
    registry = load_registry()
    try:
        registered = registry.find("backend", recipe.backend_id)
        backend = registry.resolve(registered)
        kind, said = pickle.loads(recipe.options)  # noqa: S301 - likewise
        model = registry.chat_model(backend.create(kind.model_validate(said)))
    except ModuleNotFoundError as error:
        raise _lacking(recipe.backend_id, error) from error
    except TargenError as error:
        hint = f"{error.hint}, on every node" if error.hint else ""
        said = f" ({problem})" if problem else ""
        raise UsageError(
            f"a worker on {platform.node()} cannot create its model: {error}{said}", hint=hint
        ) from error
    if model.identity != recipe.identity:
        raise UsageError(
            f"a worker on {platform.node()} has the model {model.identity} instead of "
            f"{recipe.identity}",
            hint="every node needs the same files and the same versions",
        )
    return model


def _lacking(what: str, error: Exception) -> UsageError:
    """Return the error for a missing package, or for an object that does not unpickle."""
    missing = getattr(error, "name", None)
    if missing:
        return UsageError(
            f"a worker on {platform.node()} lacks the package {missing}, which {what} needs",
            hint="use one image for all nodes, or Ray's runtime_env",
        )
    return UsageError(
        f"a worker on {platform.node()} cannot read {what}: {type(error).__name__}: {error}",
        hint="define the model in a module that every node has installed",
    )


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Versions of Python and of distributions that are installed here, by name."""
    installed = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in names:
        try:
            installed[name] = importlib_metadata.version(name)
        except importlib_metadata.PackageNotFoundError:
            installed[name] = ""
    return installed


def _require_versions(setup: Setup) -> None:
    """Check that this process runs the same code.

    Raises:
        UsageError: naming what differs.
    """
    here = versions(tuple(name for name in setup.versions if name != "Python"))
    for name, version in setup.versions.items():
        if here[name] != version:
            there = here[name] or "missing"
            raise UsageError(
                f"{name} is {version} here and {there} on the worker {platform.node()}",
                hint="use one image for all nodes, or Ray's runtime_env",
            )
