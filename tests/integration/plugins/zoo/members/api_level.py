"""It is written for an API of the future. kind: pyproject; caught by: api-level"""

CHANGES = {'"targen.v1"': '"targen.v2"'}
