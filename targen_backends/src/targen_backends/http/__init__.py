"""The common part of backends that call a service over HTTP."""
