"""The guard: distinguish a plugin's own failures from verdicts."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from targen_core.calls.call import STOPS, CallCancelled
from targen_core.calls.model import ChatReply
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import BadReply, PluginError, Rejected, TargenError
from targen_core.plugins.register import FILE, MEMORY
from targen_core.tasks import model as task_model
from targen_core.tasks import steps as task_steps
from targen_core.text import refused

# pydantic's message about a field that the plugin's code omitted or invented.
_BUGS = ("missing", "extra_forbidden", "frozen_instance", "frozen_field")

_HANDING_ON = (task_model.__file__, task_steps.__file__)
"""Modules of ours that call a plugin's functions for a task."""

_PASSES = 100
"""Times that a stage may be called, each for calls that the times before did not make."""


def named(function: object) -> str:
    """A plugin's function as errors name it, with its line."""
    function = inspect.unwrap(function) if callable(function) else function
    name = getattr(function, "__qualname__", type(function).__name__).rpartition("<locals>.")[2]
    code = getattr(function, "__code__", None)
    return f"{name} (line {code.co_firstlineno} of {code.co_filename})" if code else name


class Guard:
    """Runs a plugin's code: anything but a verdict or our own errors is its bug.

    Args:
        task: the task's name.
        distribution: whose code it is.
        part: kind and name of a part that is not the task's own, such as "corrector vote". Code of
            the task that it calls still counts as the task's.
    """

    def __init__(self, task: str, distribution: str, *, part: str = "") -> None:
        self.task = task
        self.distribution = distribution
        self._what = part or f"task {task}"
        self._of_task: Guard | None = None

    def of(self, kind: str, part: str | None) -> Guard:
        """The guard of a part by its id; of the task's own, and of none, this one."""
        distribution, colon, name = (part or "").partition(":")
        if not colon or distribution == self.distribution:
            return self
        guard = Guard(self.task, distribution, part=f"{kind} {name}")
        guard._of_task = self
        return guard

    async def wait(self, stage: Callable[..., Awaitable[Any]], llm: StageLlm, *args: Any) -> Any:
        """Call a stage and await it; `llm` gets the calls and the notes that count.

        A stage may make calls side by side. Its next calls, and its results, may then depend on
        which answer came first. So it is called again, with all these replies
        known: every call is answered at once, so time has no influence. A run that is verified or
        resumed from its journal does just the same.

        Raises:
            PluginError: naming the distribution and the line.
        """
        known: dict[bytes, ChatReply] = {}
        llm.fault = self.fault
        for _ in range(_PASSES):
            own = llm.begin(known)
            made: Any = None
            raised: Exception | None = None
            try:
                with own.at_work():
                    made = await self._wait(stage, own, *args)
            except Exception as error:
                raised = error
            except BaseException:
                own.scope.cancel()
                raise
            await own.scope.end()
            failure = own.scope.failure
            if failure is not None or not isinstance(raised, Rejected | None):
                own.show()
                raise failure or raised or AssertionError
            if not own.scope.unordered:
                llm.take(own)
                if raised is not None:
                    raise raised
                return made
        raise self.fault(
            f"{named(stage)} made different requests when it was given the same replies: its "
            "requests may depend only on the replies"
        )

    async def _wait(self, stage: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Call a stage once and await it."""
        try:
            made = stage(*args)
            if inspect.isawaitable(made):
                return await made
        except BadReply as error:
            raise Rejected(error.reason, str(error), unjudged=True) from error
        except (TargenError, CallCancelled, *STOPS):
            raise
        except BaseException as error:
            raise self._verdict_or_fault(error) from error
        raise self.fault(
            f"{named(stage)} is a plain function; targen awaits it, so write `async def`"
        )

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a plain function under the same rules."""
        try:
            return function(*args)
        except BadReply as error:
            raise Rejected(error.reason, str(error), unjudged=True) from error
        except (TargenError, *STOPS):
            raise
        except BaseException as error:
            raise self._verdict_or_fault(error) from error

    def fault(self, message: str) -> PluginError:
        """Return an error that describes the plugin's mistake."""
        whose = self.distribution
        hint: str = f"report it to the authors of {whose}, and resume when it is fixed"
        if whose == FILE:
            hint = "fix the file, then generate a new run with a different --out"
        elif whose == MEMORY:
            hint = "fix it, then resume: targen_core.resume(RUN, task=...)"
        return PluginError(f"{self._what}: {message}", distribution=whose, hint=hint)

    def _verdict_or_fault(self, error: BaseException) -> Rejected | PluginError:
        """Values that a model refuses are the language model's words; the rest is a bug."""
        if isinstance(error, ValidationError):
            problems = error.errors(include_url=False, include_input=False)
            if all(problem["type"] not in _BUGS for problem in problems):
                return Rejected("not-official", refused(error))
        return self._failed(error)

    def _failed(self, error: BaseException) -> PluginError:
        # The plugin's own line: the last frame in the file that the guard called into,
        # past `Task`, whose methods hand on to the plugin's functions.
        frames = traceback.extract_tb(error.__traceback__)[1:]
        handed_on = [at for at, f in enumerate(frames) if f.filename == task_model.__file__]
        if self._of_task is not None and handed_on:
            for _ in range(handed_on[0] + 1):
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            return self._of_task._failed(error)
        frames = [frame for frame in frames if frame.filename not in _HANDING_ON]
        own = [frame for frame in frames if frame.filename == frames[0].filename]
        where = f" in {own[-1].name} (line {own[-1].lineno} of {own[-1].filename})" if own else ""
        return self.fault(f"{type(error).__name__}: {error}{where}")
