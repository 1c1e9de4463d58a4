"""The way to a page of this machine from another."""

from __future__ import annotations

import sys
import webbrowser

import pytest

from targen_review.cli.browser import open_page


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a screen is always there")
def test_without_a_screen_there_is_a_way_to_the_page(monkeypatch, capsys):
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    open_page("http://127.0.0.1:8765/", 8765)
    assert "first run there: ssh -L 8765:127.0.0.1:8765 HOST" in capsys.readouterr().err
    assert not shown
