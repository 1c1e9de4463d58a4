"""Loop: a plain prompt for some rows of a label, sent until there are enough."""
