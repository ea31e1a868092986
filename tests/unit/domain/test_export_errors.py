"""The export errors: stable codes, Pleo's own types, and texts that can be filled in both languages."""

import re
from dataclasses import astuple
from string import Formatter

import pytest
from expenses import text_of

from shared.domain.exporting import export_errors
from shared.domain.exporting.export_errors import ALL_ERRORS, LEXOFFICE_REFUSED, ExportError, Refusal
from shared.domain.exporting.voucher_columns import MappingRefused
from shared.texts.error_text import export_error_text
from shared.texts.export_errors import EXPORT_ERRORS

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


@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: error.code)
def test_an_error_has_a_code_a_type_of_pleo_and_four_sentences(error: ExportError) -> None:
    assert re.fullmatch(r"EXP(-[A-Z]+)+", error.code)
    assert error.type in ITEM_TYPES | {""}
    assert error.job_type in JOB_TYPES | {""}
    assert error.type or error.job_type
    sentences = EXPORT_ERRORS[error.code]
    assert all(text.endswith(".") for text in (*astuple(sentences.cause), *astuple(sentences.fix)))


@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: error.code)
def test_both_languages_name_the_values_of_the_error(error: ExportError) -> None:
    sentences = EXPORT_ERRORS[error.code]
    filled = Refusal(error, dict.fromkeys(error.values, "«x»"))

    assert _names(sentences.cause.de + sentences.fix.de) == set(error.values)
    assert _names(sentences.cause.en + sentences.fix.en) == set(error.values)
    for language in ("de", "en"):
        assert "{" not in text_of(filled, language)
        assert "…" not in text_of(filled, language)


def test_every_error_is_in_the_list_and_has_its_sentences() -> None:
    defined = [value for value in vars(export_errors).values() if isinstance(value, ExportError)]

    assert list(ALL_ERRORS) == defined
    assert list(EXPORT_ERRORS) == [error.code for error in ALL_ERRORS]


@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: error.code)
def test_no_bookkeeper_reads_a_reason_with_a_gap_because_a_value_was_forgotten(error: ExportError) -> None:
    exact = dict.fromkeys(error.values, "x")

    assert "…" not in text_of(Refusal(error, exact))
    for wrong in [{**exact, "other": "x"}, *({k: v for k, v in exact.items() if k != name} for name in exact)]:
        with pytest.raises(TypeError, match=error.code):
            Refusal(error, wrong)
        with pytest.raises(TypeError, match=error.code):
            MappingRefused(error, **wrong)


def test_a_value_that_an_older_outcome_lacks_leaves_a_readable_sentence() -> None:
    text = export_error_text(LEXOFFICE_REFUSED.code, {}, "de")

    assert text.startswith("lexoffice hat den Beleg abgelehnt: ….")


def test_codes_are_unique() -> None:
    assert len({error.code for error in ALL_ERRORS}) == len(ALL_ERRORS) > 30


def test_the_text_for_pleo_is_german_and_ends_with_the_code() -> None:
    text = text_of(Refusal(LEXOFFICE_REFUSED, {"reason": "invalid_taxamount"}))

    assert text.startswith("lexoffice hat den Beleg abgelehnt: invalid_taxamount.")
    assert text.endswith("[EXP-LEXOFFICE-REFUSED]")


def test_a_vendors_words_are_cut_and_cannot_break_the_text() -> None:
    text = text_of(Refusal(LEXOFFICE_REFUSED, {"reason": "{0}{x}\n" + "y" * 5000}))

    assert "{0}{x} yyy" in text
    assert len(text) < 400
