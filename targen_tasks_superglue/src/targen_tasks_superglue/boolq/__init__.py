"""BoolQ: yes/no questions about a passage (paper, section 3.2 and appendix D.6)."""
