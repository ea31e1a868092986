"""Base classes for the models of both vendors: reading is lenient, writing is strict."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ReadModel(BaseModel):
    """Part of a vendor's answer, by camel-case names. Undeclared fields are ignored.

    Declare only fields that the product uses. An answer without a required field is refused, even if the vendor has
    already executed the call. `tests/house/test_vendor_models.py` reports unused fields.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class WriteModel(BaseModel):
    """The body of a request. Raises ValidationError for an undeclared field."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def body(self) -> dict[str, Any]:
        """Return the JSON object for `Http.request`, without fields that are None."""
        return self.model_dump(by_alias=True, exclude_none=True)
