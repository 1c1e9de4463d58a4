"""Correctors that every task may use (step 4)."""
