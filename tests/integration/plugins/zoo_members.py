"""The zoo's members, and how one becomes a folder."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ZOO = Path(__file__).parent / "zoo"
_FIRST = re.compile(r"(?P<fault>.+) kind: (?P<kind>\w+); caught by: (?P<check>[a-z0-9-]+)")


@dataclass(frozen=True)
class Member:
    """One broken plugin: its name, kind, the check that must catch it, and its text."""

    name: str
    kind: str
    check: str
    text: str

    @property
    def package(self) -> str:
        return f"zoo_{self.name}"

    def lay_out(self, folder: Path) -> Path:
        """Write its distribution into `folder`."""
        package = folder / "src" / self.package
        (package / "prompts").mkdir(parents=True)
        parts = ZOO / "parts"
        for prompt in (parts / "prompts").iterdir():
            (package / "prompts" / prompt.name).write_text(prompt.read_text())
        (package / "good.py").write_text((parts / "good.py").read_text())
        (folder / "README.md").write_text("A member of the zoo.\n")
        pyproject = (parts / "pyproject.toml").read_text()
        hooks = (parts / "hooks.py").read_text()
        if self.kind == "module":
            hooks = self.text
        elif self.kind == "pyproject":
            for before, after in self.changes().items():
                assert before in pyproject, before
                pyproject = pyproject.replace(before, after)
            hooks = hooks.replace("KIND", "exporter").replace("part:PART", "good:EXPORTER")
        else:
            hooks = hooks.replace("KIND", self.kind)
            (package / "part.py").write_text(self.text)
        (package / "__init__.py").write_text(hooks)
        pyproject = pyproject.replace("DISTRIBUTION", self.package.replace("_", "-"))
        (folder / "pyproject.toml").write_text(pyproject.replace("PACKAGE", self.package))
        return folder

    def changes(self) -> dict[str, str]:
        assignment = ast.parse(self.text).body[1]
        assert isinstance(assignment, ast.Assign)
        changes: dict[str, str] = ast.literal_eval(assignment.value)
        return changes


def members() -> list[Member]:
    """All members, by name."""
    all_members = []
    for path in sorted((ZOO / "members").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        first = _FIRST.fullmatch(ast.get_docstring(ast.parse(text)) or "")
        assert first, f"{path.name}: its first line says not what it is"
        all_members.append(Member(path.stem, first["kind"], first["check"], text))
    return all_members
