"""Its wheel leaves its prompts behind. kind: pyproject; caught by: not-packaged"""

CHANGES = {'packages = ["src/PACKAGE"]': 'packages = ["src/PACKAGE"]\nexclude = ["*.md"]'}
