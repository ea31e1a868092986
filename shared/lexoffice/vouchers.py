"""lexoffice's vouchers, receipts, hints, payments and contacts, one method per call this product makes.

lexoffice has no idempotency key here: after OutcomeUnknown, search for the voucher or contact before creating it again.
https://developers.lexware.io/partner/docs
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import BinaryIO

from shared.errors import UnexpectedAnswer
from shared.http.call import Params, Upload
from shared.http.client import Http
from shared.http.wire import segment
from shared.lexoffice.models import Contact, Created, LexofficeVoucher, Listed, ListedVoucher, NewVoucher, Payments

_PAGE_SIZE = 250
# lexoffice returns at most 10,000 results of a search.
_MOST_PAGES = 40
_SHORTEST_NAME = 3


class VoucherCalls:
    """Call lexoffice's voucher endpoints for one connection. `http` carries its access token and its rate limit."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def request_id(self) -> str:
        """Return lexoffice's id of the last successful call, for logs; "" if the answer had none."""
        return self._http.request_id

    def create_voucher(self, voucher: NewVoucher) -> str:
        """Create a voucher and return its id. Search first: lexoffice accepts duplicate numbers."""
        return self._http.request("POST", "/v1/vouchers", json=voucher.body()).read(Created.model_validate).id

    def voucher(self, voucher_id: str) -> LexofficeVoucher:
        """Return one voucher."""
        return self._http.request("GET", f"/v1/vouchers/{segment(voucher_id)}").read(LexofficeVoucher.model_validate)

    def find_vouchers(self, number: str, types: Sequence[str]) -> list[ListedVoucher]:
        """Return the vouchers of these types with exactly this number, in any state.

        The number is compared here as well, because lexoffice's filter ignores case.
        """
        params = {"voucherType": ",".join(types), "voucherStatus": "any", "voucherNumber": _search_term(number)}
        return [
            row
            for row in self._search(Listed[ListedVoucher], "/v1/voucherlist", params)
            if row.voucher_number == number
        ]

    def upload_file(self, voucher_id: str, name: str, content_type: str, content: BinaryIO) -> str:
        """Attach a receipt to a voucher and return the file's id.

        - Raises Rejected if the file is too large, of an unknown kind or a broken PDF. lexoffice checks the content
          instead of `content_type`.
        - After OutcomeUnknown, the voucher's `files` show whether the upload arrived.
        """
        file = Upload(name, content_type, content)
        answer = self._http.request("POST", f"/v1/vouchers/{segment(voucher_id)}/files", file=file)
        return answer.read(Created.model_validate).id

    def hint(self, voucher_id: str, external_reference: str) -> None:
        """Create a hint: lexoffice suggests the line with this reference for the voucher. The line may arrive later.

        Raises Rejected if the voucher has a hint, also after a first call with an unknown outcome.
        """
        hint = {"voucherId": voucher_id, "externalReference": external_reference}
        self._http.request("POST", "/v1/transaction-assignment-hint", json=hint)

    def payments(self, voucher_id: str) -> Payments:
        """Return the payment state of a voucher. Raises Rejected if the voucher is not checked yet."""
        return self._http.request("GET", f"/v1/payments/{segment(voucher_id)}").read(Payments.model_validate)

    def find_vendor(self, name: str) -> Contact | None:
        """Return the vendor with this company name, ignoring case, or None.

        Archived vendors do not count. Of several vendors, return the oldest.
        """
        # lexoffice refuses search terms under three characters. % matches any text.
        params: Params = {"name": _search_term(name.ljust(_SHORTEST_NAME, "%")), "vendor": True}
        found = [
            contact
            for contact in self._search(Listed[Contact], "/v1/contacts", params)
            if (contact.name or "").casefold() == name.casefold()
            and contact.vendor_number is not None
            and not contact.archived
        ]
        return min(found, key=lambda contact: contact.vendor_number or 0, default=None)

    def create_vendor(self, name: str, country: str | None, vat_id: str | None) -> str:
        """Create a company as vendor and return its id. Search first: lexoffice accepts duplicates.

        `country` is one of lexoffice's country codes (ISO 3166-1 alpha-2 and a few of its own).
        """
        company = {"name": name} | ({"vatRegistrationId": vat_id} if vat_id else {})
        contact: dict[str, object] = {"version": 0, "roles": {"vendor": {}}, "company": company}
        if country:
            contact["addresses"] = {"billing": [{"countryCode": country}]}
        return self._http.request("POST", "/v1/contacts", json=contact).read(Created.model_validate).id

    def _search[T](self, page_type: type[Listed[T]], path: str, params: Params) -> Iterator[T]:
        """Iterate over the rows of all pages. Raises UnexpectedAnswer if no page is the last one."""
        for page in range(_MOST_PAGES):
            answer = self._http.request("GET", path, params={**params, "page": page, "size": _PAGE_SIZE})
            rows = answer.read(page_type.model_validate)
            yield from rows.content
            if rows.last:
                return
        raise answer.error(UnexpectedAnswer, "the list does not end")


def _search_term(text: str) -> str:
    """Encode a search term as HTML: lexoffice finds nothing for an unencoded `&`, `<` or `>`.

    https://developers.lexware.io/docs/#faq-search-string-encoding
    """
    return escape(text, quote=False)
