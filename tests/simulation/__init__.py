"""Stories of the product and both stand-ins in virtual time."""
