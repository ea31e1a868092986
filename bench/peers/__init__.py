"""Handlers that the doors' start-up is compared with. They are built and started as the doors are, and never called."""
