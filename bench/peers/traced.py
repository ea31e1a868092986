"""The usual libraries with Powertools' Tracer, which needs aws-xray-sdk."""

from aws_lambda_powertools import Tracer

from bench.peers.usual import handler

tracer = Tracer()

__all__ = ["handler", "tracer"]
