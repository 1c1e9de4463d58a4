"""Finds chance and clocks that a plugin's code uses, by watching its calls.

Python's own profiling hook sees every called function, whatever its import name: `random.random`,
`time.time`, `datetime.now`, `uuid4`, `os.urandom`, `secrets`, and `random.Random()` without a seed.
A call counts if it comes from the plugin: from its own files, or from a library or a model that
they use.

It cannot see other threads and processes, or C extensions with chance of their own
(`numpy.random.default_rng()` without a seed is seen, since it asks `secrets`). It cannot see
dependence on the order of a set, or on `id()`: `test_same_bytes_in_another_process` finds these.
"""

from __future__ import annotations

import datetime
import gc
import os
import random
import secrets
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import targen_core

_CORE = str(Path(targen_core.__file__).parent) + os.sep
_STDLIB = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_SITE = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
# Files of the core that call into a plugin's models: their own code uses no chance.
_ON_BEHALF = tuple(
    str(Path(_CORE, *parts)) for parts in [("tasks", "model.py"), ("engine", "guard.py")]
)
_READS = ("read_reply",)  # functions of the core, likewise

_CLOCKS: dict[Any, str] = {
    getattr(time, name): f"time.{name}"
    for name in "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns localtime gmtime "
    "ctime asctime process_time strftime".split()
}
_CHANCE: dict[Any, str] = {os.urandom: "os.urandom"}
if hasattr(os, "getrandom"):
    _CHANCE[os.getrandom] = "os.getrandom"
_METHODS = {"now", "utcnow", "today"}  # of datetime.datetime and datetime.date

# Functions of the global generator that are written in Python; those in C are bound to it.
_GLOBAL: dict[CodeType, str] = {
    method.__code__: f"random.{name}"
    for name, method in vars(random.Random).items()
    if hasattr(method, "__code__") and not name.startswith("_")
}
_CODES: dict[CodeType, str] = {
    uuid.uuid1.__code__: "uuid.uuid1",
    uuid.uuid4.__code__: "uuid.uuid4",
}
_SEEDING = random.Random.__init__.__code__
_INST = random._inst
# The names of all these: nearly every call has another, which is the quickest to see.
_NAMES_IN_C = {
    *(each.__name__ for each in (*_CLOCKS, *_CHANCE)),
    *("random", "getrandbits", *_METHODS),
}
_NAMES_IN_PYTHON = {code.co_name for code in (*_GLOBAL, *_CODES, _SEEDING)}
_THROUGH = tuple(module.__file__ or "" for module in (random, secrets, uuid, datetime))


@dataclass(slots=True)
class Nondeterminism:
    """A use of chance or a clock, with its line: `"random.random in grow (line 7 of steps.py)"`."""

    chance: list[str] = field(default_factory=list)
    clock: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.chance or self.clock)

    def require_none(self, instead: str = "; use llm.rng(name)") -> None:
        """Fail if there is any; `instead` says how to draw."""
        assert not self.chance, f"it uses randomness: {'; '.join(self.chance)}{instead}"
        assert not self.clock, f"it uses a clock: {'; '.join(self.clock)}"


def homes_of(*parts: object) -> tuple[str, ...]:
    """The files and folders that hold the code of functions and classes."""
    homes: set[str] = set()
    for part in parts:
        name = getattr(part, "__module__", None) or type(part).__module__
        top = name if name.startswith("targen_core.") else name.partition(".")[0]
        module = sys.modules.get(top)
        paths = list(getattr(module, "__path__", ())) if top == name.partition(".")[0] else []
        homes.update(path + os.sep for path in paths)
        if getattr(module, "__file__", None):
            homes.add(str(getattr(module, "__file__")))  # noqa: B009 - mypy sees no attribute
    return tuple(sorted(homes))


@contextmanager
def watching(homes: tuple[str, ...]) -> Iterator[Nondeterminism]:
    """Watch all that this thread calls inside the block for code in `homes`."""
    seen = Nondeterminism()
    numpy_state = _numpy_state()
    before = sys.getprofile()
    collecting = gc.isenabled()
    gc.disable()  # its callbacks, hypothesis's for one, look at clocks from any line
    sys.setprofile(_watcher(seen, homes))
    try:
        yield seen
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
        # Where numpy is first imported in the block, nobody knows what its state was.
        if numpy_state is not None and numpy_state != _numpy_state():
            seen.chance.append("numpy.random's global generator")


def _watcher(seen: Nondeterminism, homes: tuple[str, ...]) -> Callable[[FrameType, str, Any], None]:
    def watch(frame: FrameType, event: str, what: Any) -> None:
        if event == "c_call":
            if what.__name__ in _NAMES_IN_C and (name := _built_in(what)):
                _note(seen, name, frame, homes)
        elif event == "call":
            code = frame.f_code
            if code.co_name not in _NAMES_IN_PYTHON:
                return
            if code in _CODES:
                name = _CODES[code]
            elif code in _GLOBAL and _shared(frame.f_locals.get("self")):
                name = _GLOBAL[code]
            elif code is _SEEDING and frame.f_locals.get("x") is None:
                name = "random.Random() without a seed"
            else:
                return
            if frame.f_back is not None:
                _note(seen, name, frame.f_back, homes)

    return watch


def _shared(generator: object) -> bool:
    """Return whether a generator is shared: the module's own, or the system's."""
    return generator is _INST or isinstance(generator, random.SystemRandom)


def _built_in(what: Any) -> str:
    """Return the name of a C function, if it is chance or a clock."""
    try:
        name = _CLOCKS.get(what) or _CHANCE.get(what)
    except TypeError:  # of an object without a hash
        return ""
    if name:
        return name
    owner = getattr(what, "__self__", None)
    if _shared(owner):
        return f"random.{what.__name__}"
    if what.__name__ in _METHODS and isinstance(owner, type) and issubclass(owner, datetime.date):
        return f"{owner.__name__}.{what.__name__}"
    return ""


def _note(seen: Nondeterminism, name: str, frame: FrameType, homes: tuple[str, ...]) -> None:
    """Keep a call that comes from the plugin."""
    where = _plugin_frame(frame, homes)
    if where is None:
        return
    file = Path(where.f_code.co_filename).name
    place = f" in {where.f_code.co_name} (line {where.f_lineno} of {file})"
    into = seen.clock if name.startswith(("time.", "date")) else seen.chance
    if not any(call.endswith(place) for call in into):
        into.append(name + place)


def _plugin_frame(frame: FrameType | None, homes: tuple[str, ...]) -> FrameType | None:
    """The frame that asked, if it is a plugin's or works for one."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(homes):
            return frame
        if file.startswith(_CORE):
            reads = frame.f_code.co_name in _READS or file in _ON_BEHALF
            return frame if reads else None
        library = file.startswith(_SITE) or not file.startswith(_STDLIB)
        if not library and file not in _THROUGH:
            return None  # logging, asyncio, tempfile: what they do with a clock is their own
        frame = frame.f_back  # a library's: who called it?
    return None


def _numpy_state() -> Any:
    """The state of numpy's global generator, where numpy is imported."""
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return None
    name, keys, *rest = numpy.get_state()
    return name, keys.tobytes(), *rest
