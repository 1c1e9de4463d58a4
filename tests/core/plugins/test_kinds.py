"""The table of kinds is open: plugins add kinds, and others register objects of them."""

from __future__ import annotations

import pytest

from targen_core.errors import UnknownName
from targen_core.plugins.kinds import KINDS, Kind

DISH = Kind("dish", hook="register_dishes", listing="list-dishes", type="builtins:str")


SOUP = {"register_dishes": lambda register: register("soup", "os:sep")}
TASTE = {"register_correctors": lambda register: register("taste", "os:path")}


def owner(kind=DISH, **hooks):
    """Hooks of a plugin that has a kind, and of what else it registers."""
    return {"register_kinds": lambda register: register(kind), **hooks}


def states(registry):
    return {plugin.distribution: plugin.state for plugin in registry.plugins}


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
