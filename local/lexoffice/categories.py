"""`GET /v1/posting-categories` (https://developers.lexware.io/docs/#posting-categories-endpoint)."""

from local.lexoffice.call import Call, Endpoint
from local.lexoffice.wire import Answer


def read(call: Call) -> Answer:
    """List all categories as a bare array, without paging; no scope is needed."""
    return Answer(200, [category.as_json() for category in call.world.categories])


ENDPOINTS = (Endpoint(method="GET", path="/v1/posting-categories", scope=None, serve=read),)
