"""`targen revise`: make a run again for a changed task, and keep what the change leaves."""
