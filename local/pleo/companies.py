"""The company of a token, and its details (https://developers.pleo.io/reference)."""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import PleoCall, guarded
from local.pleo.tokens import urn
from local.pleo.wire import Json, answer
from local.pleo.world import PleoCompany


async def introspect(call: PleoCall) -> Response:
    """`GET /v1/introspect`: the recommended way to get the company's id after OAuth."""
    data = {
        "applicationName": call.world.settings.application_name,
        "authMethod": "OAUTH2",
        "clientId": call.world.settings.client_id,
        "scope": " ".join(call.grant.scopes),
        "subjectURN": urn(call.company_id),
    }
    return answer({"data": data})


async def read(call: PleoCall) -> Response:
    """`GET /v1/companies/{companyId}`."""
    company_id = call.own(call.request.path_params["company_id"])
    return answer({"data": _shown(call.world.company(company_id))})


def _shown(company: PleoCompany) -> Json:
    address = {
        "addressLine1": "Musterstraße 1",
        "addressLine2": "",
        "postalCode": "10115",
        "locality": "Berlin",
        "region": "",
        "country": "DE",
    }
    return {"id": company.id, "name": company.name, "address": address}


ROUTES = [
    Route("/v1/introspect", guarded(introspect), methods=["GET"]),
    Route("/v1/companies/{company_id}", guarded(read, area="companies_read"), methods=["GET"]),
]
