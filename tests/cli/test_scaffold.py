"""The templates of `targen new`: whole, and of any name; what they make is tested elsewhere."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from targen_cli.scaffold.names import choose_names
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry

NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,30}[A-Za-z0-9]", fullmatch=True)


@given(NAME)
def test_any_name_gives_a_module_that_python_imports(name):
    try:
        names = choose_names(Registry(), "task", name)
    except UsageError:
        assume(False)  # something of that name is installed here
    assert names.module.isidentifier()
    assert compile(f"import {names.module}", "", "exec")
    assert names.distribution == names.distribution.lower()
    # The rules of `Register`, for the entry point and what it registers.
    assert not set(names.distribution) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
