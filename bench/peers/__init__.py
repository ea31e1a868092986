"""Handlers to compare the doors' start-up with. They are built and started like the doors, but never called."""
