"""A dataset: what runs make, and what export, correct, validate and analyze take."""
