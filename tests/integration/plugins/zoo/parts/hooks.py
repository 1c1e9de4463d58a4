"""A member of the zoo; what it registers stands in `part`."""

from __future__ import annotations

from targen_core import hookimpl


@hookimpl
def register_KINDs(register):  # noqa: N802
    register.register("creature", f"{__name__}.part:PART", summary="a member of the zoo")
