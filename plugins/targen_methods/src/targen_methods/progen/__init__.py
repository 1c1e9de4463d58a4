"""ProGen: rounds, each with helpful rows of those before as examples."""
