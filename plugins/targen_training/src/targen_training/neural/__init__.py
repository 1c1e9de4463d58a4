"""Trainers on torch and transformers: nothing here is imported before one is used."""
