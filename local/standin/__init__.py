"""The parts that both stand-ins share: application, control, switches, faults, clock, OAuth, deliveries, page shell.

The rules of a vendor stay in `local.pleo` and `local.lexoffice`. This includes the signing of webhooks, so that one
mistake cannot make both wrong in the same way.
"""
