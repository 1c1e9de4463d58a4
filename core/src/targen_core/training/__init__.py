"""Training: the shape of trainers. What trains lies in plugins."""
