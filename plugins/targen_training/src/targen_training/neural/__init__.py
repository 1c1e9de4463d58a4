"""Trainers on torch and transformers, which are only imported on use."""
