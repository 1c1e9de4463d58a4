"""The commands of the core: their names, which no plugin may take."""

from __future__ import annotations

__all__ = ["COMMANDS", "LISTS", "OTHERS", "PANELS"]

PANELS = {
    "Make a dataset": {
        "generate": "generate:generate",
        "preview": "preview:preview",
        "estimate": "estimate:estimate",
        "resume": "generate:resume",
        "method": "method:method",
        "finish": "finish:finish",
        "merge": "merge:merge",
        "replay": "replay:replay",
        "batch": "batch:batch",
    },
    "Read it": {
        "show": "show:show",
        "trace": "trace:trace",
        "diff": "diff:diff",
        "report": "report:report",
        "runs": "runs:runs",
    },
    "Use it": {
        "export": "export:export",
        "validate": "validate:validate",
        "correct": "correct:correct",
    },
    "Set up": {
        "backends": "backends:backends",
        "config": "config:config",
    },
    "Tasks and plugins": {
        "describe": "describe:describe",
        "init-task": "init_task:init_task",
        "new": "new:new",
        "plugins": "plugins:plugins",
    },
}
"""Panel of the help -> command -> module and function, in the order of the help."""

OTHERS = "Use it"
"""The panel of the commands that plugins bring."""

LISTS = "What is installed"
"""The panel of the commands that list what is installed, one for each kind."""

COMMANDS = {name: target for panel in PANELS.values() for name, target in panel.items()}
"""Command -> module and function."""
