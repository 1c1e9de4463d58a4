"""WSC: whom does a pronoun mean? (paper, section 3.2 and appendix D.5)."""
