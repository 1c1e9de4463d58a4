"""ReCoRD: reading comprehension with commonsense reasoning (paper, appendix D.7)."""
