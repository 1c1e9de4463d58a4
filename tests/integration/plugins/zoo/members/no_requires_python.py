"""It says not which Python it needs. kind: pyproject; caught by: no-requires-python"""

CHANGES = {'requires-python = ">=3.11"\n': ""}
