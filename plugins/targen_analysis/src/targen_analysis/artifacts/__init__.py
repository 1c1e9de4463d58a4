"""Artefacts: what gives a label away without the task being solved."""
