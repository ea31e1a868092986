"""The support operator's command line: `python -m ops` (docs/runbook.md).

It reads and writes the same tables and queues as the doors, through the same adapters, with an operator's rights
(`OperatorPolicy` in template.yaml). It calls no vendor and reads no token: what needs one is done by the sync worker,
which is asked to by a message.
"""
