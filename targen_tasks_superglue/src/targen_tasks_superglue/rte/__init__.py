"""RTE: recognising textual entailment (paper, section 3.2 and appendix D.4)."""
