"""Errors go whole from one process to another."""

import inspect
import pickle
from pathlib import Path

import pytest

from targen_core.calls.model import RateHeaders
from targen_core.errors import PluginError, TargenError, UnreadableFile


class Torn(PluginError):
    """A plugin's own error, which is made of something else than its message."""

    def __init__(self, path, lines):
        super().__init__(f"{path} is torn", distribution="targen-torn", hint="write it again")
        self.lines = lines


VALUES = {
    "retry_after": 2.5,
    "billed": True,
    "known": ("seed", "rpm"),
    "lines": [1, 2],
    "line": 7,
    "rate": RateHeaders(remaining_requests=1, reset_requests=0.5),
}
"""Those that are no texts."""
WORDS = {
    Torn: "a path is torn",
    UnreadableFile: "cannot read a path, line 7: a reason",
}


def tree(cls):
    below = [each for child in cls.__subclasses__() for each in tree(child)]
    return [each for each in (cls, *below) if each.__module__.startswith("targen_core")]


@pytest.mark.parametrize("cls", tree(TargenError))
def test_an_error_survives_whole(cls):
    names = [n for n, p in inspect.signature(cls).parameters.items() if p.kind != p.VAR_KEYWORD]
    error = cls(**{name: VALUES.get(name, f"a {name}") for name in names})
    error.add_note("seen at noon")
    error.run_path = Path("runs/x")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error) == WORDS.get(cls, "a message")
    assert again.args == error.args
    assert vars(again) == vars(error)
