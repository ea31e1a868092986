"""Base classes for the models of both vendors: reading is lenient, writing is strict."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ReadModel(BaseModel):
    """Part of a vendor's answer, by camel-case names; fields that it does not declare are ignored.

    Declare only fields that the product uses: an answer that lacks a required field is refused, even if the vendor has
    already carried out the call. `tests/house/test_vendor_models.py` reports a field without a use.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class WriteModel(BaseModel):
    """The body of a request; an undeclared field is a ValidationError."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def body(self) -> dict[str, Any]:
        """Return the JSON object for `Http.request`, without the optional fields that were not given."""
        return self.model_dump(by_alias=True, exclude_none=True)
