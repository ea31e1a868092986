"""How the stand-in signs its webhooks, against values from elsewhere."""

import json

from local.pleo.signing import signature


def test_the_public_sample_of_the_scheme_is_reproduced() -> None:
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp="1614265330",
        body=b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_export_jobs_event_is_signed_as_computed_elsewhere() -> None:
    job = {
        "companyId": "11111111-1111-4111-8111-111111111111",
        "createdAt": "2026-01-15T09:30:00Z",
        "createdBy": "22222222-2222-4222-8222-222222222222",
        "expiresIn": 3600,
        "id": "33333333-3333-4333-8333-333333333333",
        "numberOfItems": 2,
        "status": "pending",
    }
    event = {"data": job, "eventId": "44444444-4444-4444-8444-444444444444", "eventType": "v1.export-job.created"}

    made = signature(
        "whsec_c2ltdWxhdG9yLXNlY3JldC0wMTIzNDU2Nzg5",
        message_id="msg_sim0000000000000000000001",
        timestamp="1768469400",
        body=json.dumps(event, separators=(",", ":")).encode(),
    )

    assert made == "v1,SPO4idxHUPyS1nqf1naoAyEPTBJtX6ogSnhIj0wMNEo="
