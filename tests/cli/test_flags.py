"""An option is declared once: its flag, its range and its words come from the field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from targen_core.cli.flags import Said, takes
from targen_core.options import Flag, Options


class Tea(Options):
    panel = "Tea"

    minutes: Annotated[int, Field(ge=1, le=9), Flag("How long it draws.", ("--minutes", "-m"))] = 3
    kind: Annotated[Literal["green", "black"], Flag("What it is of.")] = "green"
    milk: Annotated[bool, Flag("Pour milk in.")] = False
    warm: Annotated[bool, Flag("Warm the pot.")] = True
    guests: Annotated[tuple[str, ...], Flag("Who drinks.", ("--guest",), repeats=True)] = ()
    pot: Annotated[Path | None, Flag("Which pot.", metavar="POT")] = None
    water: int = 2


@pytest.fixture
def told():
    """Runs a command that takes the options of Tea; what it was told."""
    seen = {}

    def run(*typed, groups=(Tea,), unchanged=()):
        @takes(*groups, unchanged=unchanged)
        def brew(place: Annotated[str, typer.Option(help="Where.")] = "here", *, said: Said):
            """Make tea."""
            seen.update(place=place, said=said)

        single = typer.Typer(rich_markup_mode="markdown")
        single.command()(brew)
        seen["result"] = CliRunner().invoke(single, [*typed])
        return seen

    return run


def test_what_is_left_out_is_absent_and_its_default_the_model_s(told):
    said = told("--place", "there", "-m", "4", "--guest", "Ann", "--guest", "Bo")["said"]
    assert said.values == {"minutes": 4, "guests": ["Ann", "Bo"]}
    assert said.of(Tea) == Tea(minutes=4, guests=("Ann", "Bo"))
    assert said.has == {"minutes", "kind", "milk", "warm", "guests", "pot"}  # water has no flag
    some = (Tea.declared("minutes"),)
    assert told("--minutes", "2", groups=some)["said"].has == {"minutes"}
    assert told("--milk", groups=some)["result"].exit_code == 2


def test_a_switch_has_the_form_that_changes_its_default_and_a_choice_its_values(told):
    assert told("--milk", "--no-warm")["said"].values == {"milk": True, "warm": False}
    assert told("--no-milk")["result"].exit_code == 2
    assert told("--kind", "white")["result"].exit_code == 2
    both = told("--no-milk", "--warm", groups=(), unchanged=(Tea,))
    assert both["said"].values == {"milk": False, "warm": True}


def test_the_help_has_the_words_and_the_default(told):
    def help_of(**groups):
        return " ".join(told("--help", **groups)["result"].output.replace("│", " ").split())

    words = ("Tea", "How long it draws.", "[default: 3]", "POT", "--no-warm", "Make tea.")
    assert [word for word in words if word not in help_of()] == []
    stays = help_of(groups=(), unchanged=(Tea,))
    assert "[default: unchanged]" in stays and "[default: 3]" not in stays
