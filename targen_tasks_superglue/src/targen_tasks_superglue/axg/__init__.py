"""AX-g: does entailment depend on a pronoun's gender? (paper, section 3.2 and appendix D.8)."""
