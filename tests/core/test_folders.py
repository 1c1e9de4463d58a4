"""The user's cache folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core import folders


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, Path("/x/targen")),
        ("linux", {}, Path("/h/me/.cache/targen")),
        ("darwin", {}, Path("/h/me/Library/Caches/targen")),
        ("win32", {"LOCALAPPDATA": "/l"}, Path("/l/targen")),
        ("linux", {"TARGEN_CACHE_DIR": "/own", "XDG_CACHE_HOME": "/x"}, Path("/own")),
        ("linux", {"TARGEN_CACHE_DIR": "~/own", "HOME": "/h/me"}, Path("/h/me/own")),
    ],
)
def test_the_cache_is_where_the_platform_has_it(monkeypatch, platform, variables, expected):
    for name in ("TARGEN_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(folders.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/h/me"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert folders.cache_folder() == expected


def test_replies_have_a_folder_of_their_own_in_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path))
    assert folders.replies_folder() == tmp_path / "replies"
