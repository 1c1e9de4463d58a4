"""The commands of this distribution: their names, which no other may take."""

from __future__ import annotations

__all__ = ["COMMANDS", "LISTS", "OTHERS", "PANELS"]

PANELS = {
    "Make a dataset": {
        "generate": "generate:generate",
        "preview": "",
        "estimate": "estimate:estimate",
        "resume": "generate:resume",
        "method": "",
        "finish": "",
    },
    "Read it": {
        "show": "show:show",
        "report": "report:report",
        "runs": "runs:runs",
    },
    "Use it": {},
    "Set up": {
        "backends": "backends:backends",
        "config": "config:config",
    },
    "Tasks and plugins": {
        "list": "listing:list_installed",
        "describe": "describe:describe",
        "new": "new:new",
        "plugins": "plugins:plugins",
    },
}
"""Panel of the help -> command -> module and function, in the order of the help.

"" stands for a command of another distribution, which has its place here if it is installed.
"""

OTHERS = "Use it"
"""The panel of the commands that plugins bring."""

LISTS = "What is installed"
"""The panel of the commands that list what is installed, one for each kind."""

COMMANDS = {name: target for panel in PANELS.values() for name, target in panel.items() if target}
"""Command -> module and function."""
