"""Checks of texts for tasks: languages, models' remarks, placeholders and prose."""
