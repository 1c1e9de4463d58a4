"""The data that methods' authors published, as datasets of a task."""
