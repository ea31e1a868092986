"""Read Pleo's lists page by page: `{data, pagination}` with cursors. https://developers.pleo.io/reference"""

from collections.abc import Iterator

from shared.errors import UnexpectedAnswer
from shared.http.call import Params
from shared.http.client import Http
from shared.pleo.models import ResultPage

# https://developers.pleo.io/reference/accounting-entries: Pleo may refuse more; its default is far lower.
_PAGE_SIZE = 100

BY_ID: Params = {"sorting_keys": ["id"], "sorting_order": ["ASC"]}


def paginate[T](
    http: Http, page_type: type[ResultPage[T]], method: str, path: str, *, params: Params, json: object = None
) -> Iterator[T]:
    """Iterate over the rows of all pages. Raises UnexpectedAnswer if a cursor repeats or is missing."""
    cursors: set[str | None] = {None}
    cursor: str | None = None
    while True:
        position = {"after": cursor} if cursor else {}
        # A search is idempotent even if it is a POST.
        query = {"limit": _PAGE_SIZE, **params, **position}
        answer = http.request(method, path, params=query, json=json, idempotent=True)
        page = answer.read(page_type.model_validate)
        yield from page.data
        if not page.pagination.has_next_page:
            return
        cursor = page.pagination.end_cursor
        if cursor in cursors:
            raise answer.error(UnexpectedAnswer, "the cursor does not advance")
        cursors.add(cursor)
