"""Plugins: hookspecs, registration, the registry and the loader.

Nothing here imports pydantic, so that listing stays instant.
"""
