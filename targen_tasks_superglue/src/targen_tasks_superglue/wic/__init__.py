"""WiC: does a word mean the same in two sentences? (paper, section 3.2 and appendix D.9)."""
