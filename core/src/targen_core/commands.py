"""The commands of the core: their names, which no plugin may take."""

from __future__ import annotations

__all__ = ["COMMANDS"]

COMMANDS = {
    "list-tasks": "listing:list_tasks",
    "list-contexts": "listing:list_contexts",
    "list-seeds": "listing:list_seeds",
    "list-generators": "listing:list_generators",
    "list-correctors": "listing:list_correctors",
    "list-backends": "listing:list_backends",
    "list-exporters": "listing:list_exporters",
    "list-metrics": "listing:list_metrics",
    "list-trainers": "listing:list_trainers",
    "backends": "backends:backends",
    "config": "config:config",
    "describe": "describe:describe",
    "init-task": "init_task:init_task",
    "preview": "preview:preview",
    "estimate": "estimate:estimate",
    "generate": "generate:generate",
    "resume": "generate:resume",
    "batch": "batch:batch",
    "report": "report:report",
    "show": "show:show",
    "runs": "runs:runs",
    "export": "export:export",
    "validate": "validate:validate",
    "correct": "correct:correct",
    "new": "new:new",
    "plugins": "plugins:plugins",
}
"""Command -> module and function, in the order of the help."""
