"""Syncing tax codes into Pleo. They come before the accounts, which may refer to one (docs/assumptions.md)."""

from collections.abc import Collection
from dataclasses import dataclass

from shared.domain.exporting.taxes import CODE_PREFIX, TaxRule
from shared.domain.syncing.catalogue import CatalogueChange
from shared.pleo.client import PleoClient
from shared.pleo.models import NewTaxCode, TaxCode


@dataclass(frozen=True, slots=True)
class TaxCodes:
    """Brings one company's tax codes to what `rules` say; `known` are the codes that were synced last time."""

    company_id: str
    pleo: PleoClient
    rules: Collection[TaxRule]
    known: Collection[str]

    def sync(self) -> list[CatalogueChange]:
        """Create, correct and archive; only what this run has changed is told. Codes of others are left alone."""
        wanted = {rule.code: rule for rule in self.rules}
        found: set[str] = set()
        changes = []
        for tax_code in self.pleo.search_tax_codes(self.company_id):
            code = tax_code.code or ""
            if not code.startswith(CODE_PREFIX):
                continue
            rule = wanted.get(code)
            # Pleo knows no uniqueness: a second code of the same name is a leftover of an interrupted run.
            if rule is None or code in found:
                changes += self._archive(tax_code)
                continue
            found.add(code)
            changes += self._correct(tax_code, rule)
        for rule in wanted.values():
            if rule.code not in found:
                self.pleo.create_tax_code(self._new(rule, archived=False))
                changes.append(CatalogueChange(what="tax_code", name=rule.name))
        return changes

    def _correct(self, tax_code: TaxCode, rule: TaxRule) -> list[CatalogueChange]:
        # One that was synced last time and is archived now was archived by the customer, in Pleo: that stays.
        archived = tax_code.archived and rule.code in self.known
        stands = (tax_code.name, tax_code.rate, tax_code.type, tax_code.archived)
        if stands == (rule.name, rule.rate, rule.type, archived):
            return []
        self.pleo.update_tax_code(tax_code.id, self._new(rule, archived=archived))
        before = "" if tax_code.archived and not archived else tax_code.name
        return [CatalogueChange(what="tax_code", name=rule.name, before=before)]

    def _new(self, rule: TaxRule, *, archived: bool) -> NewTaxCode:
        return NewTaxCode(
            company_id=self.company_id,
            name=rule.name,
            rate=rule.rate,
            type=rule.type,
            code=rule.code,
            archived=archived,
        )

    def _archive(self, tax_code: TaxCode) -> list[CatalogueChange]:
        """Archive a tax code of ours; the change has no name then, only one `before`."""
        if tax_code.archived:
            return []
        archived = NewTaxCode(
            company_id=self.company_id,
            name=tax_code.name,
            rate=tax_code.rate,
            type=tax_code.type,
            code=tax_code.code,
            archived=True,
        )
        self.pleo.update_tax_code(tax_code.id, archived)
        return [CatalogueChange(what="tax_code", name="", before=tax_code.name)]
