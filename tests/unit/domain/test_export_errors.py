"""The catalogue of export errors: stable codes, Pleo's own types, and texts that can be filled in both languages."""

import re
from string import Formatter

import pytest

from shared.domain.exporting.export_errors import CATALOGUE, LEXOFFICE_REFUSED, ExportError, Refusal

# Pleo's enums (https://developers.pleo.io, Export API v3): of an item, and of a job.
ITEM_TYPES = set(
    "receipt_upload_failure receipt_download_failure receipt_file_size_limit_exceeded receipt_conversion_failure "
    "unexpected_failure invalid_configuration missing_configuration accounting_system_authentication_failure "
    "accounting_system_rate_limit accounting_system_unreachable validation_failure "
    "accounting_system_validation_failure authorization_failure accounting_system_timeout vendor_unknown "
    "account_unknown tax_code_unknown tag_unknown".split()
)
JOB_TYPES = set(
    "invalid_configuration missing_configuration authentication_failure accounting_system_authentication_failure "
    "pleo_rate_limit accounting_system_rate_limit service_unreachable accounting_system_unreachable "
    "validation_failure authorization_failure integration_unusable job_expired service_timeout "
    "accounting_system_timeout canceled_by_user".split()
)


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.code)
def test_an_error_has_a_code_a_type_of_pleo_and_four_sentences(error: ExportError) -> None:
    assert re.fullmatch(r"EXP(-[A-Z]+)+", error.code)
    assert error.type in ITEM_TYPES | {""}
    assert error.job_type in JOB_TYPES | {""}
    assert error.type or error.job_type
    assert all(text.endswith(".") for text in (error.cause, error.fix, error.cause_en, error.fix_en))


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.code)
def test_both_languages_name_the_same_values(error: ExportError) -> None:
    german, english = _names(error.cause + error.fix), _names(error.cause_en + error.fix_en)

    assert german == {name.removesuffix("_en") for name in english}
    filled = Refusal(error, dict.fromkeys(german | english, "«x»"))
    assert "{" not in filled.german + filled.english


def test_codes_are_unique() -> None:
    assert len({error.code for error in CATALOGUE}) == len(CATALOGUE) > 30


def test_the_text_for_pleo_is_german_and_ends_with_the_code() -> None:
    text = Refusal(LEXOFFICE_REFUSED, {"reason": "invalid_taxamount"}).german

    assert text.startswith("lexoffice hat den Beleg abgelehnt: invalid_taxamount.")
    assert text.endswith("[EXP-LEXOFFICE-REFUSED]")


def test_a_vendors_words_are_cut_and_cannot_break_the_text() -> None:
    text = Refusal(LEXOFFICE_REFUSED, {"reason": "{0}{x}\n" + "y" * 5000}).german

    assert "{0}{x} yyy" in text
    assert len(text) < 400
