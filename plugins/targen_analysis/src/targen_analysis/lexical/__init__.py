"""Lexical diversity: how many different words and phrases, and how often they repeat."""
