"""A profile as a section of a task file, with what a reader wants to know as comments."""

from __future__ import annotations

from collections.abc import Sequence

from targen_core.text import plural, printable
from targen_standard.examples.measuring import Figures, Topic
from targen_standard.examples.profile import Profile
from targen_standard.task_files.adding import as_yaml


def section(
    name: str, profile: Profile, figures: Figures, topics: Sequence[Topic], set_aside: str = ""
) -> str:
    """Return the key `profile` in YAML; comments above it contain what is not drawn."""
    least, tenth, half, ninth, most = figures.words
    scripts = ", ".join(f"{script} {share:.0%}" for script, share in figures.scripts)
    lines = [
        f"Style of the {plural(figures.rows, 'text')} of {name}.",
        "Each row uses one of these forms. Edit them and their frequencies freely.",
        (
            f"{figures.unit.capitalize()} per text: {least} to {most} "
            f"(half: at most {half}; 80%: {tenth} to {ninth})."
        ),
        f"Repeated texts: {figures.repeated:.0%}. Scripts: {scripts or 'none'}.",
    ]
    if set_aside:
        lines.append(f"Rows do not imitate {set_aside}.")
    if figures.labelled:
        lines.append("Shares are averages over the labels, so that no value hints at a label.")
    if topics:
        lines.append(
            "Topics, with their counts. Words that could give away a label are never drawn:"
        )
        lines += [f"  {', '.join(topic.words)}: {topic.rows}" for topic in topics]
    # Names of files and words may contain line feeds: text after one would be a key.
    comments = "".join(f"# {printable(line, lines=False)}\n" for line in lines)
    value = {k: v for k, v in profile.model_dump(mode="json").items() if v}
    return comments + as_yaml({"profile": value})
