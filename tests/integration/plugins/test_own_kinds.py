"""A kind of a stranger's: one package has it, another an object of it; the core knows neither."""

from __future__ import annotations

import json

import pytest

HOUSE = '''
"""Greeters as a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from targen_core.plugins.kinds import Kind
from targen_core import hookimpl
from targen_core.plugins.hookspecs import hookspec


@dataclass(frozen=True)
class Greeter:
    greet: Callable[[str], str]
    language: str


def greet(name: str, greeter: str) -> None:
    """Greet somebody.

    Example: targen greet Ada hi
    """
    from targen_core.plugins.loader import load_registry

    print(load_registry().get("greeter", greeter).greet(name))


@hookimpl
def register_kinds(register):
    register(
        Kind(
            "greeter",
            hook="register_greeters",
            listing="list-greeters",
            type="house:Greeter",
            suite="house_kit:GreeterSuite",
            home="house_kit.about",
        )
    )


@hookimpl
def register_commands(register):
    register("greet", "house:greet", summary="Greet somebody.")


@hookimpl
def register_greeters(register):
    register("hi", Greeter("Hi, {}!".format, "English"), summary="short")
'''
KIT = '''
from typing import ClassVar

from targen_testing.suite import Suite


class GreeterSuite(Suite):
    greeter: ClassVar[str]
    kind = "greeter"

    def test_says_the_name(self):
        """The name is in what it says."""
        said = self.registry().get("greeter", self.greeter).greet("Ada")
        assert "Ada" in said, f"it says {said!r}"
'''
ABOUT = '''
from targen_core.plugins.hookspecs import hookspec

USE = {"greeter": "targen greet NAME {name}"}


@hookspec
def register_greeters(register):
    """Register greeters: what `targen greet` greets with."""


def greeter_facts(part):
    return {"language": part.target.language, "says": part.target.greet("you")}
'''
TEMPLATE = {
    "README.md": "# my-demo\n",
    "src/my_demo/__init__.py": """
from targen_core import hookimpl
from house import Greeter


@hookimpl
def register_greeters(register):
    register("my-demo", Greeter("My my, {}".format, "English"), summary="a demo")
""",
    "tests/test_greeter.py": """
from house_kit import GreeterSuite as Suite


class TestMyDemo(Suite):
    greeter = "my-demo"
""",
}
GUEST = """
from house import Greeter
from targen_core import Correction, hookimpl


async def polite(llm, instance, /):
    return Correction(llm.task.label_of(instance), "of course")


@hookimpl
def register_correctors(register):
    register("polite", polite, summary="never rejects")


@hookimpl
def register_greeters(register):
    register("moin", Greeter("Moin, {}".format, "Low German"), summary="of the north")
    register("silent", Greeter(lambda name: "", "none"), summary="says nothing")
"""


@pytest.fixture
def house(tmp_path, install):
    site = install("house", "[targen.v1]\nhouse = house\n", {"house": HOUSE}, folder="house")
    package = site / "house_kit"
    package.mkdir()
    (package / "__init__.py").write_text(KIT)
    (package / "about.py").write_text(ABOUT)
    for path, text in TEMPLATE.items():
        file = package / "templates/greeter" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return site


@pytest.fixture
def both(house, install):
    return [house, install("guest", "[targen.v1]\nguest = guest\n", {"guest": GUEST}, folder="two")]


def test_its_objects_are_listed_described_used_and_shown(both, targen):
    listed = targen("list-greeters", path=both)
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["greeter", "distribution"],
        ["hi", "house"],
        ["moin", "guest"],
        ["silent", "guest"],
    ]
    assert "List the installed greeters." in targen("list-greeters", "--help", path=both).stdout
    described = targen("describe", "moin", path=both).stdout
    assert described.startswith("guest:moin 1.0, greeter: of the north\n")
    assert "language: Low German\nsays: Moin, you\nUse it: targen greet NAME moin\n" in described
    facts = json.loads(targen("describe", "moin", "--kind", "greeter", "--json", path=both).stdout)
    assert facts["language"] == "Low German"
    assert targen("greet", "Ada", "moin", path=both).stdout == "Moin, Ada\n"
    assert "list-greeters" in targen("--help", path=both).stdout
    shown = targen("plugins", path=both).stdout
    assert "kind greeter, command greet, greeter hi\n" in shown
    assert "corrector polite, greeter moin, greeter silent\n" in shown
    unknown = targen("describe", "moin", "-o", "a=1", path=both)
    assert "-o is for backends, but moin is a greeter" in unknown.stderr


def test_its_suite_checks_a_plugin_that_has_none_of_its_own(house, author, targen):
    guest = author("guest", {"src/guest/__init__.py": GUEST})
    checked = targen("plugins", "check", str(guest), "--json", path=[house])
    found = {(each["about"], each["check"]): each for each in json.loads(checked.stdout)["checks"]}
    assert checked.returncode == 1
    assert found["greeter moin", "says-the-name"]["outcome"] == "passed"
    silent = found["greeter silent", "says-the-name"]
    assert silent["outcome"] == "failed"
    assert silent["problem"] == "it says ''"
    assert silent["hint"] == "The name is in what it says."


def test_its_template_makes_a_plugin_that_works(house, targen, tmp_path):
    made = targen("new", "greeter", "ahoy", path=[house])
    assert made.returncode == 0, made.stderr
    assert "targen describe ahoy --kind greeter" in made.stdout
    project = (tmp_path / "ahoy/pyproject.toml").read_text()
    assert (
        'dependencies = ["house>=1.0", "targen-core>=0.1,<0.2", "targen-standard>=0.1,<0.2"]'
        in project
    )
    checked = targen("plugins", "check", "ahoy", path=[house])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    added = targen("new", "greeter", "moo", "--into", "ahoy", path=[house])
    assert 'moo = "ahoy.moo"' in added.stdout and "dependencies" not in added.stdout
    there = targen("new", "greeter", "hi", path=[house])
    assert "the name 'hi' is already used by an installed greeter: house:hi" in there.stderr
