"""Its entry point leads nowhere. kind: pyproject; caught by: entry-point-missing-module"""

CHANGES = {'main = "PACKAGE"': 'main = "PACKAGE_plugin"'}
