"""The stand-in for Pleo is as strict as the vendor: one test per rule."""
