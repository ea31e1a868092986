"""A strict stand-in for Pleo: authorisation server, API, webhooks and the web pages that a customer uses.

It shares no code with the product (`shared/`), so that a wrong belief about Pleo is not in both. Where Pleo's
documentation is silent, the behaviour is a switch. Its default is the harder reading (`switches.py`, `README.md`).
"""
