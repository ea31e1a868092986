"""`GET /v1/posting-categories` (https://developers.lexware.io/docs/#posting-categories-endpoint)."""

from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.wire import LexofficeAnswer


def read(call: LexofficeCall) -> LexofficeAnswer:
    """List all categories as a bare array, without paging. No scope is required."""
    return LexofficeAnswer(200, [category.as_json() for category in call.world.categories])


ENDPOINTS = (Endpoint(method="GET", path="/v1/posting-categories", scope=None, serve=read),)
