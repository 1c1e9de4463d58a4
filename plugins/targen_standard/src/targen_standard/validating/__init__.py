"""A dataset checked against its task's schema."""
