"""`GET /v1/profile`: the connection's organisation (https://developers.lexware.io/docs/#profile-endpoint)."""

from local.lexoffice import clock
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.wire import LexofficeAnswer


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return the organisation, its tax type and plan. A downgraded plan lacks `BOOKKEEPING`."""
    organization = call.organization
    features = [
        feature
        for feature in organization.business_features
        if feature != "BOOKKEEPING" or organization.denied_status is None
    ]
    return LexofficeAnswer(
        200,
        {
            "organizationId": organization.id,
            "companyName": organization.company_name,
            "created": {
                "userId": organization.user_id,
                "userName": organization.user_name,
                "userEmail": organization.user_email,
                "date": clock.berlin_text(call.connection.created),
            },
            "connectionId": call.connection.id,
            "taxType": organization.tax_type,
            "businessFeatures": features,
            "smallBusiness": organization.small_business,
        },
    )


ENDPOINTS = (Endpoint(method="GET", path="/v1/profile", scope="profile.read", serve=read, needs_plan=False),)
