"""The user's browser."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser


def open_page(address: str, port: int, *, browser: bool = True) -> None:
    """Open an address in the user's browser; without a screen, print how to reach it from another.

    Args:
        address: that of the page.
        port: its port.
        browser: whether to open a browser.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):  # a browser for terminals would take this one
        print(
            "note: this machine cannot show a browser. To open the link on your own machine, first "
            f"run there: ssh -L {port}:127.0.0.1:{port} HOST",
            file=sys.stderr,
        )
    elif browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
