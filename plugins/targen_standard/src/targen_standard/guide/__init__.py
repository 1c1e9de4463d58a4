"""`targen guide`: one page for coding agents."""
