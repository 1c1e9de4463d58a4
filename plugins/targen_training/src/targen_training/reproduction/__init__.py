"""The paper's tables again, with what is at hand, beside what the paper printed."""
