"""CoDa: rows under constraints that are taken from rows that the user has."""

from targen_methods.coda.method import CODA

__all__ = ["CODA"]
