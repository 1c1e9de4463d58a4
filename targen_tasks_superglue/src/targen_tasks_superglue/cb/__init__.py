"""CB: CommitmentBank (paper, section 3.2 and appendices A.1 and D.2)."""
