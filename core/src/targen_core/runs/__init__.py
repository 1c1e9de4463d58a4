"""Run directories: manifest, outputs, report and dataset card."""
