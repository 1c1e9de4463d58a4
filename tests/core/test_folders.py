"""The user's folders."""

from __future__ import annotations

import pytest

from targen_core import folders
from targen_core.errors import UsageError


def test_the_cache_is_where_the_platform_or_the_user_has_it(monkeypatch, tmp_path):
    monkeypatch.delenv("TARGEN_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert folders.cache_folder().name == "targen"
    assert folders.cache_folder().is_relative_to(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", "~/own")
    assert folders.cache_folder() == tmp_path / "own"


def test_replies_have_a_folder_of_their_own_in_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path))
    assert folders.replies_folder() == tmp_path / "replies"


def test_without_a_home_directory_only_what_must_be_stored_needs_a_folder(monkeypatch):
    monkeypatch.setenv("TARGEN_CACHE_DIR", "~no-such-user/cache")
    with pytest.raises(UsageError, match="no home directory") as caught:
        folders.replies_folder()
    assert "set TARGEN_CACHE_DIR to a folder" in str(caught.value.hint)
