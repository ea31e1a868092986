"""The story played without a person: companies connect, payments arrive, lexoffice fails, all is there once."""
