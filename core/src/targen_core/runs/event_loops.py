"""Event loops: whose they are, and what stops the work in them.

Ordinary code gets its own loop, in a thread if one is already running, as in a notebook. There the
first Ctrl-C halts the calls and the second one kills. At the end, a program gets the signal: Ctrl-C
as an error, another one as if it came then. A caller's loop keeps its signals: cancelling
the task is what halts there, and Ctrl-C while it ends is added to what it does itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

from targen_core.calls.calls import Calls
from targen_core.errors import Interrupted
from targen_core.origin import in_a_command
from targen_core.text import plural

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("targen.run")
# People stop a run by the first, queues and services by the second.
_STOPPING = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
if hasattr(signal, "SIGHUP"):  # not on Windows; comes when a terminal or a connection goes away
    _STOPPING[signal.SIGHUP] = "SIGHUP"
_POLL = 0.5  # seconds; Windows tells a waiting thread of no Ctrl-C
_ABORT = 1.0  # seconds that code gets after the second Ctrl-C, and the loop to notice the first


class _Loop:
    """A loop that was made for one piece of work, as other threads see it."""

    def __init__(self) -> None:
        self.halt: Callable[[], None] | None = None  # if there is work to let finish
        self.resume: str = ""  # how to continue after a stop
        self.stopped = False  # by a signal: threads of calls may still hang
        self.ends_by = math.inf  # on the monotonic clock, whatever the work does
        self.caught: int | None = None  # the signal that the program did not see
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the loop that runs, which is this one."""
        _OURS.set(self)
        self._loop = asyncio.get_running_loop()
        return await work

    def close(self, runner: asyncio.Runner) -> None:
        """Close the loop. After a stop, do not wait long for code that does not end."""
        if self.stopped:
            inner = runner.get_loop()
            inner.set_default_executor(ThreadPoolExecutor(1))  # the one before may hang
            tasks = asyncio.all_tasks(inner)
            for task in tasks:
                task.cancel()
            if tasks and inner.run_until_complete(asyncio.wait(tasks, timeout=_ABORT))[1]:
                return
        runner.close()

    def interrupt(self) -> None:
        """Halt at the first call, kill at the second; both are Ctrl-C."""
        self.caught = signal.SIGINT
        act, self.halt = self.halt or self._kill, None
        if act == self._kill:
            self.ends_by = time.monotonic() + _ABORT
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(act)

    def killed(self) -> None:
        """Say that it stops in the middle, before what is open is closed."""
        self.stopped = True
        _log.warning("aborting%s", self._then)

    def aborted(self) -> KeyboardInterrupt:
        """Return what is raised where it stopped in the middle."""
        return KeyboardInterrupt(f"aborted{self._then}")

    def tell(self, ended: BaseException | None) -> None:
        """Tell the program about the signal that it did not see, as all is saved now.

        Calls in flight may have completed the work, or it may have failed for another reason. Then
        a loop over seeds would start the next.

        Raises:
            KeyboardInterrupt: it was Ctrl-C, and nothing else says so.
        """
        if self.caught is None or in_a_command():
            return
        if self.caught == signal.SIGINT:
            if not isinstance(ended, Interrupted | KeyboardInterrupt):
                outcome = self._then if ended else "; the work is complete"
                raise KeyboardInterrupt(f"stopped by Ctrl-C{outcome}") from ended
            return
        default = signal.getsignal(self.caught) == signal.SIG_DFL  # which ends the process
        if not (default and isinstance(ended, Interrupted)):  # whose caller decides
            signal.raise_signal(self.caught)

    def end_program(self, stopped: str) -> None:
        """End the program as the signal does by default, if that stopped the work."""
        number = self.caught
        if number is None or number == signal.SIGINT or in_a_command():
            return
        if signal.getsignal(number) == signal.SIG_DFL:
            _log.warning("%s", stopped)
            signal.raise_signal(number)

    @property
    def _then(self) -> str:
        return f"; to continue: {self.resume}" if self.resume else ""

    def _kill(self) -> None:
        self.killed()
        for task in asyncio.all_tasks():
            task.cancel()


_OURS: ContextVar[_Loop | None] = ContextVar("targen_loop", default=None)


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Do the work in its own loop, in another thread if one is running in this."""
    return _finish(_Loop(), work)


def _finish(loop: _Loop, work: Coroutine[Any, Any, T]) -> T:
    try:
        done = _beside(loop, work) if _running() else _here(loop, work)
    except BaseException as error:
        loop.tell(error)
        raise
    loop.tell(None)
    return done


def _here(loop: _Loop, work: Coroutine[Any, Any, T]) -> T:
    try:
        return _run(loop, work)
    except KeyboardInterrupt:
        raise loop.aborted() from None


def _run(loop: _Loop, work: Coroutine[Any, Any, T]) -> T:
    runner = asyncio.Runner()
    try:
        return runner.run(loop.run(work))
    except KeyboardInterrupt:
        loop.killed()
        raise
    finally:
        loop.close(runner)


def _running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def synchronous(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """The same function for ordinary code, called without the leading `a`."""

    @functools.wraps(function)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        return finish(function(*args, **kwargs))

    waiting.__name__ = waiting.__qualname__ = function.__name__.removeprefix("a")
    return waiting


def waiting(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return the same function for ordinary code, which waits for what it returns.

    Ctrl-C also ends the calling program: otherwise `except JobFailed` in a loop over seeds would
    treat `Interrupted` as one more failed run.

    Raises:
        KeyboardInterrupt: in place of `Interrupted`, with its hint, which Python would not show.
    """
    function = cast("Callable[P, Coroutine[Any, Any, T]]", getattr(function, "unchecked", function))

    @functools.wraps(synchronous(function))
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        loop = _Loop()
        try:
            return _finish(loop, function(*args, **kwargs))
        except Interrupted as stopped:
            resume = f"; to continue: {stopped.hint}" if stopped.hint else ""
            loop.end_program(f"{stopped}{resume}")
            raise KeyboardInterrupt(f"{stopped}{resume}") from stopped

    return call


def _beside(loop: _Loop, work: Coroutine[Any, Any, T]) -> T:
    """Do the work in a thread; Ctrl-C reaches this one and is passed on."""
    done: Future[T] = Future()

    def body() -> None:
        try:
            done.set_result(_run(loop, work))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=copy_context().run, args=(body,), name="targen", daemon=True).start()
    with _on_ctrl_c(loop.interrupt):
        while not done.done() and time.monotonic() < loop.ends_by:
            wait([done], _POLL)
    if not done.done():
        raise loop.aborted()
    try:
        return done.result()
    except asyncio.CancelledError:
        raise loop.aborted() from None


@contextlib.contextmanager
def _on_ctrl_c(act: Callable[[], object], *, also: bool = False) -> Iterator[None]:
    """Handle Ctrl-C if it reaches this thread; `also` is the default behaviour."""
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or before is None or (also and not callable(before)):
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        act()
        if also and callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def stoppable(layer: Calls, work: Awaitable[T], resume: str) -> T:
    """Await work on a layer; to interrupt it halts the layer, to do so again kills it.

    `resume` is the way to continue it, or "" if it is complete.

    Raises:
        Interrupted: it was, and ended by that; caused by the cancellation in a caller's loop.
    """
    ours = _OURS.get()
    if ours is not None:
        with _interruptible(ours, layer, resume):
            return await work
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as cancelled:
        _log.info("Finishing %s", plural(layer.in_flight, "call"))
        layer.halt(Interrupted("cancelled", hint=resume))
        loop = asyncio.get_running_loop()
        try:
            # A notebook turns only the first Ctrl-C into a cancellation.
            with _on_ctrl_c(lambda: loop.call_soon_threadsafe(task.cancel), also=True):
                await task
        except Interrupted as stopped:
            raise stopped from cancelled
        raise


@contextlib.contextmanager
def _interruptible(ours: _Loop, layer: Calls, resume: str) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    ours.resume = resume

    def stop(name: str) -> None:
        if ours.stopped:
            return
        ours.stopped = True
        _log.warning("Finishing %s; %s again to abort", plural(layer.in_flight, "call"), name)
        layer.halt(Interrupted(f"stopped by {name}", hint=resume))

    if threading.current_thread() is not threading.main_thread():
        ours.halt = functools.partial(stop, "Ctrl-C")
        try:
            yield
        finally:
            ours.halt = None
        return
    with _signals(ours, loop, stop):
        yield


@contextlib.contextmanager
def _signals(
    ours: _Loop, loop: asyncio.AbstractEventLoop, stop: Callable[[str], None]
) -> Iterator[None]:
    """Stop at the first signal; another one does at once what it does in the program."""
    # nohup's ignored signals remain ignored; SIGINT is ignored by everything that a shell starts
    # with `&`.
    before = {
        number: handler
        for number in _STOPPING
        if (handler := signal.getsignal(number)) is not None
        and (handler != signal.SIG_IGN or number == signal.SIGINT)
    }
    # Code may keep the loop from its turn, as a backend does that waits without `await`.
    stuck = threading.Timer(_ABORT, _log.warning, ("Waiting for a call; Ctrl-C again to abort",))
    stuck.daemon = True

    def turn(name: str) -> None:
        stuck.cancel()
        stop(name)

    def caught(number: int, frame: FrameType | None) -> None:
        ours.caught = number
        for other in before:
            signal.signal(other, before[other])
        # The runner would wait at a second Ctrl-C, and a program may only make a note of it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(turn, _STOPPING[signal.Signals(number)])
        stuck.start()

    for number in before:
        signal.signal(number, caught)
    try:
        yield
    finally:
        stuck.cancel()
        for number in before:
            signal.signal(number, before[number])
