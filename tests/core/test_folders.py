"""The user's folders."""

from __future__ import annotations

import pytest

from targen_core import folders


@pytest.mark.parametrize(
    ("kind", "variable"), [("cache", "TARGEN_CACHE_DIR"), ("config", "TARGEN_CONFIG_DIR")]
)
def test_a_folder_is_where_the_platform_or_the_user_has_it(monkeypatch, tmp_path, kind, variable):
    folder = getattr(folders, f"{kind}_folder")
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(f"XDG_{kind.upper()}_HOME", raising=False)
    assert folder().name == "targen"
    assert folder().is_relative_to(tmp_path)
    monkeypatch.setenv(variable, "~/own")
    assert folder() == tmp_path / "own"


def test_replies_have_a_folder_of_their_own_in_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path))
    assert folders.replies_folder() == tmp_path / "replies"
