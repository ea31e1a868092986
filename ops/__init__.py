"""The support operator's command line: `python -m ops` (docs/runbook.md).

The commands use the same tables, queues and adapters as the doors, with the operator's rights (`OperatorPolicy` in
template.yaml). They call no vendor and read no token. Work that needs a token is requested from the sync worker by a
message.
"""
