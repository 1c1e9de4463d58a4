"""Judgements of single rows by people and models: a sheet to fill in, and ratings."""
