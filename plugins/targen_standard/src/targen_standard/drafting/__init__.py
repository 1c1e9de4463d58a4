"""A task file from a description."""
