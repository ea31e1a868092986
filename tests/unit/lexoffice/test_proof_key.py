"""Code verifiers and their challenges."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.connecting.tokens import pkce_challenge, pkce_verifier

# https://www.rfc-editor.org/rfc/rfc7636#appendix-B
RFC_BYTES = bytes.fromhex("7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79")


def test_the_vector_of_rfc_7636_is_met() -> None:
    verifier = pkce_verifier(RFC_BYTES)

    assert verifier == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert pkce_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_vector_in_lexoffices_documentation_is_met() -> None:
    verifier = (
        "oJdaNUDOIK3xpqlkZ79Sa3dLWst2rF5F8EXQVrqWfzckNOPBC67SzNffeTTb54jS"
        "pfuSAnawxLgddxbIqXh4APOrKYqhI8W5fXtIytVSgjLlrnMn0AUB5h2O6VD1sTDJ"
    )

    assert pkce_challenge(verifier) == "9s_XWOy5h9KO8CQCqzRKr3WEntoEJepUZS9d1IYh_uo"


@given(st.binary(min_size=32, max_size=96))
def test_every_verifier_has_allowed_characters_and_length(random: bytes) -> None:
    assert re.fullmatch(r"[A-Za-z0-9\-_]{43,128}", pkce_verifier(random))


@pytest.mark.parametrize("size", [0, 31, 97])
def test_too_little_or_too_much_randomness_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 to 96"):
        pkce_verifier(bytes(size))
