"""lexoffice's vouchers and what belongs to them: receipts, hints, payments, contacts.

One method per call this product makes. lexoffice has no key against repetition here: after OutcomeUnknown a voucher or
a contact is searched for before it is created again. https://developers.lexware.io/partner/docs
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
# lexoffice shows no more than 10,000 hits of any search.
_MOST_PAGES = 40
_SHORTEST_NAME = 3


class VoucherCalls:
    """The part of lexoffice's API that books expenses; `http` carries one connection's access and pace."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def request_id(self) -> str:
        """What lexoffice calls the newest call that succeeded, for logs; "" if it gave it no name."""
        return self._http.request_id

    def create_voucher(self, voucher: NewVoucher) -> str:
        """Create a voucher and return its id; lexoffice does not refuse a number that exists, so find first."""
        return self._http.request("POST", "/v1/vouchers", json=voucher.body()).read(Created.model_validate).id

    def voucher(self, voucher_id: str) -> LexofficeVoucher:
        """Read one voucher."""
        return self._http.request("GET", f"/v1/vouchers/{segment(voucher_id)}").read(LexofficeVoucher.model_validate)

    def find_vouchers(self, number: str, types: Sequence[str]) -> list[ListedVoucher]:
        """Find the vouchers of these types with exactly this number, in any state.

        Compared here as well, because lexoffice's filter ignores case.
        """
        params = {"voucherType": ",".join(types), "voucherStatus": "any", "voucherNumber": _search_term(number)}
        return [
            row
            for row in self._search(Listed[ListedVoucher], "/v1/voucherlist", params)
            if row.voucher_number == number
        ]

    def upload_file(self, voucher_id: str, name: str, content_type: str, content: BinaryIO) -> str:
        """Attach a receipt to a voucher and return the file's id.

        lexoffice judges the content, not the type, and refuses with Rejected: too large, an unknown kind, a broken
        PDF. After OutcomeUnknown the voucher's `files` tell whether it arrived.
        """
        file = Upload(name, content_type, content)
        answer = self._http.request("POST", f"/v1/vouchers/{segment(voucher_id)}/files", file=file)
        return answer.read(Created.model_validate).id

    def hint(self, voucher_id: str, external_reference: str) -> None:
        """Have lexoffice suggest the line with this reference for the voucher; the line may arrive later.

        A voucher takes one hint only: Rejected for a second, also when the first had an unknown outcome.
        """
        hint = {"voucherId": voucher_id, "externalReference": external_reference}
        self._http.request("POST", "/v1/transaction-assignment-hint", json=hint)

    def payments(self, voucher_id: str) -> Payments:
        """Read what is paid of a voucher; Rejected for one that is not checked yet."""
        return self._http.request("GET", f"/v1/payments/{segment(voucher_id)}").read(Payments.model_validate)

    def find_vendor(self, name: str) -> Contact | None:
        """Find a vendor in use by the company's exact name, but for case; the oldest when several have it."""
        # Shorter names are refused; % stands for any text.
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
        """Create a company as vendor and return its id; lexoffice does not refuse a second one, so find first.

        `country` is a country code as lexoffice has them (ISO 3166-1 alpha-2 and a few of its own).
        """
        company = {"name": name} | ({"vatRegistrationId": vat_id} if vat_id else {})
        contact: dict[str, object] = {"version": 0, "roles": {"vendor": {}}, "company": company}
        if country:
            contact["addresses"] = {"billing": [{"countryCode": country}]}
        return self._http.request("POST", "/v1/contacts", json=contact).read(Created.model_validate).id

    def _search[T](self, page_type: type[Listed[T]], path: str, params: Params) -> Iterator[T]:
        """Read page after page; UnexpectedAnswer when the last one does not come."""
        for page in range(_MOST_PAGES):
            answer = self._http.request("GET", path, params={**params, "page": page, "size": _PAGE_SIZE})
            rows = answer.read(page_type.model_validate)
            yield from rows.content
            if rows.last:
                return
        raise answer.error(UnexpectedAnswer, "the list does not end")


def _search_term(text: str) -> str:
    """Encode a text for a search by it: lexoffice finds nothing for a bare `&`, `<` or `>`.

    https://developers.lexware.io/docs/#faq-search-string-encoding
    """
    return escape(text, quote=False)
