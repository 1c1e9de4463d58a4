"""It depends on somebody else's package. kind: pyproject; caught by: bare-targen-dependency"""

CHANGES = {"dependencies = [": 'dependencies = ["targen", '}
