"""The stand-in for lexoffice is as strict as the vendor: one test per rule."""
