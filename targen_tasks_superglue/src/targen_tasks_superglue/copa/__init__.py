"""COPA: choice of plausible alternatives (paper, section 3.2 and appendix D.1)."""
