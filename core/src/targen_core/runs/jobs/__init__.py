"""A prepared run at work, by itself or together with others."""
