"""What the backends that call a service over HTTP have in common."""
