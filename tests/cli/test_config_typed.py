"""`targen config set` says what is wrong with what was typed, and no line of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from targen_cli.defaults import user_file


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("bakend", "did you mean backend"),
        ("base_url", "did you mean base-url?"),
        ("option.temperature", "[options]"),
    ],
)
def test_a_misspelt_key(key: str, hint: str, refuses: Callable[..., Any]) -> None:
    refuses(
        ("config", "set", key, "x"), f"error: {key} is not a setting that can have a default", hint
    )


def test_the_user_s_settings_are_where_the_platform_or_the_user_has_them(monkeypatch, tmp_path):
    monkeypatch.delenv("TARGEN_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert user_file().parent.name == "targen"
    assert user_file().is_relative_to(tmp_path)
    monkeypatch.setenv("TARGEN_CONFIG_DIR", "~/own")
    assert user_file().parent == tmp_path / "own"
