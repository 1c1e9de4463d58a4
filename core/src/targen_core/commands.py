"""The commands of the core: their names, which no plugin may take."""

from __future__ import annotations

__all__ = ["COMMANDS", "OTHERS", "PANELS"]

PANELS = {
    "Make a dataset": {
        "generate": "generate:generate",
        "estimate": "estimate:estimate",
        "resume": "generate:resume",
        "method": "method:method",
        "finish": "finish:finish",
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
        "describe": "describe:describe",
        "new": "new:new",
        "plugins": "plugins:plugins",
    },
    "What is installed": {
        "list-tasks": "listing:list_tasks",
        "list-backends": "listing:list_backends",
        "list-exporters": "listing:list_exporters",
        "list-metrics": "listing:list_metrics",
        "list-trainers": "listing:list_trainers",
        "list-catalogues": "listing:list_catalogues",
        "list-retrievers": "listing:list_retrievers",
        "list-methods": "listing:list_methods",
        "list-executors": "listing:list_executors",
        "list-correctors": "listing:list_correctors",
        "list-contexts": "listing:list_contexts",
        "list-seeds": "listing:list_seeds",
        "list-generators": "listing:list_generators",
        "list-checks": "listing:list_checks",
        "list-filters": "listing:list_filters",
    },
}
"""Panel of the help -> command -> module and function, in the order of the help."""

OTHERS = "Use it"
"""The panel of the commands that plugins bring."""

COMMANDS = {name: target for panel in PANELS.values() for name, target in panel.items()}
"""Command -> module and function."""
