"""Another time for a plugin's code, without waiting for it."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def days_later(days: float) -> Iterator[None]:
    """Have Python's clocks tell a later time inside the block, by whatever name they are called.

    The times of files, and of code in C that asks the system itself, stay as they are.
    """
    shifted = _shifted(datetime.timedelta(days=days))
    put: list[tuple[dict[str, Any], str, Any]] = []
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if module is sys.modules[__name__] or not isinstance(names, dict):
            continue
        for name, value in list(names.items()):
            if id(value) in shifted:
                put.append((names, name, value))
                names[name] = shifted[id(value)]
    try:
        yield
    finally:
        for names, name, value in put:
            names[name] = value


def _shifted(by: datetime.timedelta) -> dict[int, Any]:
    """Return the clocks that tell a later time, by the identity of those that tell the right one.

    They keep no reference to what `days_later` replaces in the modules.
    """
    seconds, now, day = by.total_seconds(), time.time, datetime.date
    moment = datetime.datetime
    in_seconds = {
        time.time: lambda: now() + seconds,
        time.time_ns: lambda: int((now() + seconds) * 1e9),
    }
    of_seconds: dict[Any, Any] = {
        function: _with_default(function, lambda: now() + seconds)
        for function in (time.localtime, time.gmtime, time.ctime)
    }

    class SameInstances(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, cls.__bases__[0])

    class Moment(datetime.datetime, metaclass=SameInstances):
        def __new__(cls, *args: Any, **more: Any) -> Any:
            return moment(*args, **more)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return moment.now(tz) + by

        @classmethod
        def utcnow(cls) -> Any:
            return moment.now(datetime.timezone.utc).replace(tzinfo=None) + by  # noqa: UP017

        @classmethod
        def today(cls) -> Any:
            return moment.now() + by

    class Day(datetime.date, metaclass=SameInstances):
        def __new__(cls, *args: Any, **more: Any) -> Any:
            return day(*args, **more)

        @classmethod
        def today(cls) -> Any:
            return day.today() + by

    clocks = {**in_seconds, **of_seconds, moment: Moment, day: Day}
    return {id(function): later for function, later in clocks.items()}


def _with_default(function: Callable[[float], Any], now: Callable[[], float]) -> Any:
    return lambda at=None: function(now() if at is None else at)
