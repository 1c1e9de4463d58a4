"""Plugins: hookspecs, registration, the registry and the loader.

No module here imports pydantic, so that listing stays instant.
"""
