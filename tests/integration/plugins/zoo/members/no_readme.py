"""It says nothing to its readers. kind: pyproject; caught by: no-readme"""

CHANGES = {'readme = "README.md"\n': ""}
