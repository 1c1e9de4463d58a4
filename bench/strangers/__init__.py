"""A stranger's files: made with the real command, taken apart, and watched as they are read."""
