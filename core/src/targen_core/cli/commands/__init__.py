"""The commands of this distribution: their names, which no other may take."""

from __future__ import annotations

FIRST_PANEL = "From a task to a classifier"
EVERYDAY = (
    "init-task",
    "preview",
    "generate",
    "resume",
    "show",
    "report",
    "revise",
    "review",
    "analyze",
    "train",
    "compare",
    "export",
    "list",
    "config",
    "guide",
)
"""The commands that most people need, from any distribution: `targen --help` only explains
these."""

PANELS = {
    FIRST_PANEL: {
        "generate": "generate:generate",
        "resume": "generate:resume",
        "show": "show:show",
        "report": "report:report",
        "list": "listing:list_installed",
        "config": "config:config",
    },
    "Runs": {
        "estimate": "estimate:estimate",
        "runs": "runs:runs",
    },
    "Data": {"look": "look:look"},
    "Models": {"check": "check:check"},
    "Methods and papers": {},
    "Plugins": {
        "describe": "describe:describe",
        "new": "new:new",
        "plugins": "plugins:plugins",
    },
    "More": {},
}
"""Panel of the help -> command -> module and function, in the order of the help."""

SUMMARIES = {
    "generate": "Generate a labelled dataset.",
    "resume": "Continue a stopped run, or extend a finished one.",
    "show": "Show rows of a run, or one row with its context, seed, calls and judgement.",
    "report": "Show a run's row counts, label flow, rejects and cost.",
    "list": "List the installed parts of a kind, or all kinds.",
    "config": "Show or change your defaults and where each one comes from.",
}
"""Command of the first panel -> the first line of its docstring, to list it without an import."""

GROUPS = {
    "runs": "Runs",
    "data": "Data",
    "models": "Models",
    "methods": "Methods and papers",
    "paper": "Methods and papers",
    "plugins": "Plugins",
}
"""A word that may come before a command -> the panel that has the command."""

OTHERS = "More"
"""The panel of plugin commands that do not name one of these."""

LISTS = "What is installed"
"""The panel of the commands that list what is installed, one for each kind."""

COMMANDS = {name: target for panel in PANELS.values() for name, target in panel.items()}
"""Command -> module and function."""
