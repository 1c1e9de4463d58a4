"""Everything that a row came from, and what rests on a call."""
