"""CoDa: rows under constraints that are taken from rows that the user has."""
