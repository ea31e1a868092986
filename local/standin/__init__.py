"""What both vendors' stand-ins need and neither vendor decides: application, control surface, switches, faults, clock,
OAuth server, deliveries, page shell.

A vendor's rules stay in `local.pleo` and `local.lexoffice`; signing above all, so that one mistake cannot make both
wrong in the same way.
"""
