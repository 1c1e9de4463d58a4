"""The hooks of plugins that tests install."""

from __future__ import annotations


def registering(lines: str) -> str:
    """Return the text of a plugin that registers what each line says: a hook, a name, a target."""
    text, parts = "from targen_core import hookimpl\n", dict[str, list[str]]()
    for kind, name, target in map(str.split, lines.strip().splitlines()):
        parts.setdefault(kind, []).append(f"    register({name!r}, {target!r})\n")
    for kind, calls in parts.items():
        text += f"@hookimpl\ndef register_{kind}(register):\n{''.join(calls)}"
    return text
