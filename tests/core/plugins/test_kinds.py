"""The table of kinds is open: plugins add kinds, and others register objects of them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import get_type_hints

import pytest
from pydantic import BaseModel, ConfigDict, Field

from targen_core.cli.describing import default_of, type_of
from targen_core.cli.facts import Described, facts_of
from targen_core.errors import PluginError, UnknownName
from targen_core.plugins import hookspecs
from targen_core.plugins.configurable import Configurable
from targen_core.plugins.kinds import KINDS, Kind, KindRegister
from targen_core.plugins.loader import load_registry

DISH = Kind("dish", hook="register_dishes", listing="list-dishes", type="builtins:str")


SOUP = {"register_dishes": lambda register: register("soup", "os:sep")}
TASTE = {"register_correctors": lambda register: register("taste", "os:path")}


def owner(kind=DISH, **hooks):
    """Hooks of a plugin that has a kind, and of what else it registers."""
    return {"register_kinds": lambda register: register(kind), **hooks}


def states(registry):
    return {plugin.distribution: plugin.state for plugin in registry.plugins}


def test_the_argument_of_its_hook_has_a_public_type():
    assert get_type_hints(hookspecs.register_kinds)["register"] is KindRegister


@pytest.mark.parametrize("order", [1, -1])
def test_any_plugin_may_register_objects_of_another_one_s_kind(order, load):
    registry = load(**dict([("acme", owner()), ("zeta", SOUP)][::order]))
    assert states(registry) == {"acme": "ok", "zeta": "ok"}
    assert registry.owner_of("dish") == "acme"
    assert list(registry.kinds) == [*KINDS, "dish"]
    assert registry.find("dish", "soup").distribution == "zeta"
    assert registry.get("dish", "soup") == "/"
    with pytest.raises(UnknownName, match="no dish named 'stew'"):
        registry.find("dish", "stew")


def test_without_the_kind_its_objects_are_not_used(load):
    registry = load(zeta={**SOUP, **TASTE})
    (listed,) = registry.plugins
    assert (listed.state, listed.unused) == ("ok", ("register_dishes",))
    assert [item.name for item in registry.all("corrector")] == ["taste"]
    with pytest.raises(UnknownName, match="no dish named 'soup'"):
        registry.find("dish", "soup")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("register_dish", "register_dishes"),
        ("register_dihses", "register_dishes"),
        ("register_dishez", "register_dishes"),
        ("register_kind", "register_kinds"),
        ("register_task", "register_tasks"),
    ],
)
def test_a_slip_of_the_pen_is_told_from_a_kind_that_is_missing(name, meant, load):
    registry = load(acme=owner(), zeta={name: lambda register: None})
    assert states(registry) == {"acme": "ok", "zeta": "broken"}
    assert registry.plugins[1].check == "unknown-hook"
    assert registry.plugins[1].problem.startswith(f"unknown hook '{name}'; did you mean {meant}")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "task"},
        {"hook": "register_tasks"},
        {"listing": "list-tasks"},
        {"name": "Dish"},
        {"hook": "dishes"},
        {"listing": "dishes"},
        {"type": "no colon"},
    ],
)
def test_a_kind_that_cannot_be_is_refused_with_its_plugin(changed, load):
    fields = {"name": "dish", "hook": "register_dishes", "listing": "list-dishes"}
    registry = load(acme=owner(Kind(**{**fields, **changed})), zeta=SOUP)
    assert states(registry) == {"acme": "broken", "zeta": "ok"}
    assert registry.plugins[0].check in ("bad-kind", "duplicate-kind")
    assert dict(registry.kinds) == KINDS


def test_of_two_owners_of_one_kind_the_first_by_name_has_it_and_the_other_goes_on(load):
    registry = load(acme=owner(), zeta={**owner(), **TASTE})
    assert states(registry) == {"acme": "ok", "zeta": "ok"}
    assert registry.owner_of("dish") == "acme"
    assert registry.plugins[1].taken == {"register_dishes": "acme"}
    assert registry.find("corrector", "taste").distribution == "zeta"


def test_a_kind_of_ours_cannot_be_taken(load):
    registry = load(**{"acme": owner(), "targen-review": owner()})
    assert states(registry) == {"acme": "broken", "targen-review": "ok"}
    broken = registry.plugins[0]
    assert broken.check == "duplicate-kind"
    assert "belongs to the kind 'dish' of targen-review" in broken.problem


def test_an_owner_that_breaks_takes_its_kind_along_and_nothing_else(load):
    def broken(register):
        raise RuntimeError("burnt")

    registry = load(acme=owner(register_tasks=broken), b=SOUP, c=TASTE)
    assert states(registry) == {"acme": "broken", "b": "ok", "c": "ok"}
    assert registry.plugins[1].unused == ("register_dishes",)
    assert dict(registry.kinds) == KINDS
    assert [item.id for item in registry.everything()] == ["c:taste"]


def test_a_kind_whose_type_cannot_be_imported_is_its_owner_s_fault(load):
    kind = Kind("dish", hook="register_dishes", type="no_such_module:Dish")
    registry = load(acme=owner(kind), zeta=SOUP)
    with pytest.raises(PluginError, match="kind 'dish': no_such_module:Dish") as caught:
        registry.get("dish", "soup")
    assert caught.value.distribution == "acme"


def test_no_command_may_be_called_like_a_listing(plugin, source, command_line):
    module = plugin(register_commands=lambda register: register("list-dishes", "os:path"))
    registry = load_registry([source(module, "a"), source(plugin(**owner()), "b"), command_line])
    assert states(registry) == {"a": "broken", "b": "ok", "targen-core": "ok"}
    assert registry.plugins[0].check == "reserved-name"


def test_facts_of_a_kind_that_says_nothing_are_its_docstring(load):
    soup = {"register_dishes": lambda register: register("soup", "os:getcwd")}
    registry = load(acme=owner(Kind("dish", hook="register_dishes")), zeta=soup)
    facts = facts_of(Described(registry, registry.kinds["dish"], "soup"))
    assert facts["id"] == "zeta:soup"
    assert facts["about"].startswith("Return a unicode string")


class Case(Enum):
    AS_IS = "as-is"
    LOWER = "lower"


class Range(BaseModel):
    low: int = 0
    high: int = 100


class Cooked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    case: Case = Case.AS_IS
    between: Range = Range()
    until: Range | None = None
    marks: tuple[str, ...] = ("?",)
    source: str = Field("x", alias="from")


def test_options_are_described_as_they_are_typed(load):
    recipe = Configurable(Cooked, lambda options: "soup")
    soup = {"register_dishes": lambda register: register("soup", recipe)}
    kind = Kind("dish", hook="register_dishes", type="builtins:str")
    registry = load(acme=owner(kind), zeta=soup)
    options = facts_of(Described(registry, registry.kinds["dish"], "soup"))["options"]
    assert [(one["name"], type_of(one), default_of(one)) for one in options] == [
        ("case", "as-is | lower", "as-is"),
        ("between", "{low, high}", '{"low": 0, "high": 100}'),
        ("until", "{low, high}", ""),
        ("marks", "tuple[str, ...]", '["?"]'),
        ("from", "str", "x"),
    ]


def test_a_type_is_called_by_its_name():
    kind = Kind("sum", hook="register_sums", type="decimal:Decimal")
    assert kind.mismatch(3) == "a decimal.Decimal"
    assert kind.mismatch(Decimal(3)) == ""
    assert Kind("act", hook="register_acts").mismatch(3) == "a callable"
