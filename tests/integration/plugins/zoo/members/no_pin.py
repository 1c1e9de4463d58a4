"""Any core will do for it. kind: pyproject; caught by: core-version-pin"""

CHANGES = {">=0.1,<2": ""}
