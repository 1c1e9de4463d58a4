"""The templates of `targen new`: whole, and of any name; what they make is tested elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from targen_core.cli.scaffold.names import Names, choose_names
from targen_core.cli.scaffold.writing import has_template, rendered
from targen_core.errors import UsageError
from targen_core.plugins.kinds import KINDS
from targen_core.plugins.registry import Registry

WITH_ONE = [kind for kind in KINDS.values() if has_template(kind)]
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,30}[A-Za-z0-9]", fullmatch=True)


@pytest.mark.parametrize("kind", WITH_ONE, ids=lambda kind: kind.name)
def test_a_distribution_is_whole(kind):
    files = rendered(kind, Names("acme-thing", "acme_thing"))
    project = tomllib.loads(files[PurePosixPath("pyproject.toml")])["project"]
    assert project["name"] == "acme-thing"
    assert project["entry-points"]["targen.v1"] == {"acme-thing": "acme_thing"}
    needed = project["dependencies"]
    assert {"targen-core>=0.1,<0.2", "targen-standard>=0.1,<0.2"} <= {*needed}
    assert len(needed) == (3 if kind.name == "backend" else 2)
    made = {str(path) for path in files}
    assert made >= {".gitignore", ".github/workflows/ci.yml", "README.md"}
    assert made >= {"src/acme_thing/__init__.py", "src/acme_thing/py.typed"}
    assert not [path for path in files if "__pycache__" in path.parts]


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
