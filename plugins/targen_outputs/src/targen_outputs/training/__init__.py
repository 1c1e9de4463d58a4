"""Trainers of outputs, which `targen train` finds if targen-training is installed."""
