"""The findings of raters in figures: for the terminal, as a page, and in the analysis."""
