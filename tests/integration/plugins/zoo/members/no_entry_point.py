"""Nobody can find it. kind: pyproject; caught by: no-entry-point"""

CHANGES = {'[project.entry-points."targen.v1"]\nmain = "PACKAGE"\n': ""}
