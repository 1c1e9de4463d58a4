"""Every command that asks a model has a cap, and is among those that are killed and finished."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import typer

from targen_core.cli.commands import COMMANDS
from targen_core.plugins.loader import load_registry

pytestmark = pytest.mark.whole


def _functions():
    for name, target in COMMANDS.items():
        module, _, function = target.partition(":")
        loaded = importlib.import_module(f"targen_core.cli.commands.{module}")
        yield name, getattr(loaded, function)
    registry = load_registry()
    for item in registry.all("command"):
        yield item.name, registry.resolve(item)


def _options(function) -> set[str]:
    app = typer.Typer()
    app.command()(function)
    command: Any = typer.main.get_command(app)
    return {option for parameter in command.params for option in parameter.opts}


def test_every_command_that_takes_prices_has_a_cap():
    """Those that do not are `check`, whose three calls are its purpose, and estimates."""
    options = {name: _options(function) for name, function in _functions()}
    priced = {name for name, has in options.items() if has & {"--price-in", "--generator"}}
    assert {name for name in priced if "--max-cost" not in options[name]} == {
        "check",
        "estimate",
    }
