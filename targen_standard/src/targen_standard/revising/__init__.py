"""`targen revise`: a run for a task that has changed, of which what is as it was is kept."""
