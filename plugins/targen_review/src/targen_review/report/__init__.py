"""What raters found, in figures: for the terminal, as a page, and as a chapter of the analysis."""
