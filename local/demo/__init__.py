"""The demo without a person: companies connect, payments arrive, lexoffice fails, every line exists exactly once."""
