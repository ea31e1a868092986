"""The posting categories that the stand-in starts with.

Ids and names of the first two tables are lexoffice's, as public clients and the documentation show them
(https://developers.lexware.io/docs/#posting-categories-endpoint). The third table, and all groups except «Reisen» and
«Einnahmen», are plausible inventions: the official list of about 230 entries is not public.
"""

import uuid
from dataclasses import dataclass
from typing import Literal

_TAIL = "a21f-0800200c9a66"

# id, name, group
_OUTGO = (
    (f"16d04a20-fd91-11e1-{_TAIL}", "Anschaffungen", "Anschaffungen"),
    (f"16d04a21-fd91-11e1-{_TAIL}", "Bürobedarf", "Büro"),
    (f"16d04a23-fd91-11e1-{_TAIL}", "Kontoführung/Kartengebühr", "Geldverkehr"),
    (f"16d04a25-fd91-11e1-{_TAIL}", "Privatentnahmen", "Privat"),
    (f"16d04a27-fd91-11e1-{_TAIL}", "Seminar/Weiterbildung", "Personal"),
    (f"16d04a28-fd91-11e1-{_TAIL}", "Sonstige Ausgaben", "Sonstiges"),
    (f"205cae71-fd88-11e1-{_TAIL}", "Freelancer/Freie Mitarbeiter", "Fremdleistungen"),
    (f"222b6f70-fd92-11e1-{_TAIL}", "Einkommensteuer", "Steuern"),
    (f"222b6f71-fd92-11e1-{_TAIL}", "Gewerbesteuer", "Steuern"),
    (f"222b6f72-fd92-11e1-{_TAIL}", "Umsatzsteuer-Vorauszahlungen", "Steuern"),
    ("353e8c93-5f69-4476-887f-d48734ee2cc7", "Verpflegungsmehraufw. Mitarbeiter", "Reisen"),
    ("3620798f-ae06-4492-b775-1c87eb99247c", "Fahrtkosten MA", "Reisen"),
    (f"5bcf2ff1-fd88-11e1-{_TAIL}", "Sozialabgaben", "Personal"),
    ("6d575db0-74e8-433d-a986-27b76ea27f9e", "Lizenzen §13b Drittland", "Lizenzen"),
    (f"9eaf6ff0-fd89-11e1-{_TAIL}", "Kraftstoff/Ladestrom", "Fahrzeuge"),
    (f"9eaf6ff4-fd89-11e1-{_TAIL}", "Fremdfahrzeuge", "Fahrzeuge"),
    ("9fb5e4b0-94ae-47f3-804f-5ed00e4aceb6", "Verpflegungsmehraufwendungen (Selbständige)", "Reisen"),
    ("aa2d19a0-43e7-4330-a579-75c962254546", "Software", "Büro"),
    (f"b3a1f840-fd90-11e1-{_TAIL}", "Festnetz", "Telekommunikation"),
    (f"b3a1f841-fd90-11e1-{_TAIL}", "Internet", "Telekommunikation"),
    (f"b3a1f842-fd90-11e1-{_TAIL}", "Mobil", "Telekommunikation"),
    ("b49aae5f-4121-4262-b8bd-f49278b66423", "Lizenzen und Konzessionen", "Lizenzen"),
    ("b99b667f-bfee-41b9-8ec0-cee308bdacfd", "Übernachtung Mitarbeiter", "Reisen"),
    (f"ccbd1972-fd88-11e1-{_TAIL}", "Miete/Pacht", "Raumkosten"),
    ("cf03a2b0-f838-474f-ac5e-67adb9b830c7", "Reise MA", "Reisen"),
    (f"d22989b0-fd89-11e1-{_TAIL}", "Anzeigen Print- und Online", "Werbung"),
    ("dd56efd2-6c62-40e4-9d9e-cba7b0045911", "Geldtransit", "Geldverkehr"),
    (f"efa82f44-fd85-11e1-{_TAIL}", "Personal", "Personal"),
    (f"efa82f46-fd85-11e1-{_TAIL}", "Versicherungen (betrieblich)", "Versicherungen"),
    (f"efa82f49-fd85-11e1-{_TAIL}", "Reisen (Selbständige)", "Reisen"),
    (f"efa82f4b-fd85-11e1-{_TAIL}", "Telekommunikation", "Telekommunikation"),
    ("f13b89bc-d104-11ec-9d64-0242ac120002", "Sonstige Abgaben", "Steuern"),
    (f"f48154a0-fd90-11e1-{_TAIL}", "Rechtsanwalt", "Beratung"),
    (f"f48154a1-fd90-11e1-{_TAIL}", "Steuerberater", "Beratung"),
    (f"f9f05690-fd89-11e1-{_TAIL}", "Bahn-/Flugticket, Mietwagen", "Reisen"),
    (f"f9f05693-fd89-11e1-{_TAIL}", "Taxi", "Reisen"),
    (f"f9f05694-fd89-11e1-{_TAIL}", "Übernachtungskosten (Selbständige)", "Reisen"),
    # Only their ids are known; the names are ours.
    ("113476af-ac83-4bf2-941d-0daa37022945", "Gebühren Zahlungsdienstleister", "Geldverkehr"),
    ("aba9020f-d0a6-47ca-ace6-03d6ed492351", "Rundungsdifferenzen", "Sonstiges"),
)
_INCOME = (
    (f"8f8664a8-fd86-11e1-{_TAIL}", "Warenverkäufe"),
    (f"8f8664a0-fd86-11e1-{_TAIL}", "Dienstleistung(en)"),
    (f"8f8664a1-fd86-11e1-{_TAIL}", "Einnahmen"),
    (f"8f8664a9-fd86-11e1-{_TAIL}", "Wartung"),
    (f"cfddcc50-fd86-11e1-{_TAIL}", "Sonstige Einnahmen"),
    ("9075a4e3-66de-4795-a016-3889feca0d20", "Innergemeinschaftliche Lieferung"),
    ("380a20cb-d04c-426e-b49c-84c22adfa362", "Fremdleistungen §13b"),
    ("93d24c20-ea84-424e-a731-5e1b78d1e6a9", "Ausfuhrlieferungen an Drittländer"),
    ("ef5b1a6e-f690-4004-9a19-91276348894f", "Dienstleistungen an Drittländer"),
    ("f5c7fee8-f184-4e7a-ab04-8f7e7ad6c207", "Einnahmen als Kleinunternehmer"),
    ("7c112b66-0565-479c-bc18-5845e080880a", "Fernverkauf"),
    ("d73b880f-c24a-41ea-a862-18d90e1c3d82", "Elektronische Dienstleistungen"),
    ("4ebd965a-7126-416c-9d8c-a5c9366ee473", "Fernverkauf in EU-Land steuerpflichtig"),
    ("7ecea006-844c-4c98-a02d-aa3142640dd5", "Elektronische Dienstleistungen in EU-Land steuerpflichtig"),
    ("4f01e761-d912-441f-ad1a-1c1d2d590a81", "Provisionserlöse"),  # only its id is known; the name is ours
)
# group, names
_INVENTED_OUTGO = (
    ("Raumkosten", ("Strom, Wasser, Gas", "Reinigung", "Instandhaltung Räume", "Nebenkosten")),
    ("Büro", ("Porto", "Fachliteratur", "Hardware bis 800 Euro (GWG)", "Cloud-Dienste", "Zeitschriften")),
    ("Fahrzeuge", ("Kfz-Steuer", "Kfz-Versicherung", "Kfz-Reparaturen", "Kfz-Leasing", "Parkgebühren", "Maut")),
    ("Werbung", ("Werbekosten", "Geschenke abzugsfähig", "Geschenke nicht abzugsfähig", "Messen")),
    ("Reisen", ("Bewirtung Geschäftspartner", "Reisenebenkosten", "Öffentlicher Nahverkehr")),
    ("Material/Waren", ("Material/Waren", "Bezugsnebenkosten", "Verpackung", "Werkzeug/Kleingeräte")),
    ("Fremdleistungen", ("Fremdleistungen", "Bauleistungen §13b", "Fremdleistungen §13b EU")),
    ("Ausland", ("Innergemeinschaftlicher Erwerb", "Dienstleistung §13b Drittland", "Einfuhrumsatzsteuer")),
    ("Personal", ("Lohn/Gehalt", "Aushilfen", "Arbeitskleidung", "Betriebsveranstaltungen")),
    ("Geldverkehr", ("Zinsen", "Darlehenstilgung", "Kursdifferenzen")),
    ("Beratung", ("Unternehmensberatung", "Buchführungskosten")),
)
_NOT_SPLIT_GROUPS = frozenset({"Steuern", "Privat", "Geldverkehr", "Versicherungen"})
_NOT_SPLIT_NAMES = frozenset({"Sozialabgaben", "Lohn/Gehalt", "Kfz-Steuer", "Kfz-Versicherung"})
_CROSS_BORDER = ("§13b", "Innergemeinschaftlich")


@dataclass(slots=True, kw_only=True)
class StoredCategory:
    """A posting category: `outgo` for purchases, `income` for sales."""

    id: str
    name: str
    type: Literal["income", "outgo"]
    group_name: str
    contact_required: bool
    split_allowed: bool

    def as_json(self) -> dict[str, object]:
        """Return the category as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "contactRequired": self.contact_required,
            "splitAllowed": self.split_allowed,
            "groupName": self.group_name,
        }


def initial_categories() -> list[StoredCategory]:
    """Return a new copy of the initial list."""
    known = [_category(id_, name, "outgo", group) for id_, name, group in _OUTGO]
    invented = [
        _category(str(uuid.uuid5(uuid.NAMESPACE_OID, f"posting category {name}")), name, "outgo", group)
        for group, names in _INVENTED_OUTGO
        for name in names
    ]
    income = [_category(id_, name, "income", "Einnahmen") for id_, name in _INCOME]
    return income + known + invented


def _category(id_: str, name: str, type_: Literal["income", "outgo"], group: str) -> StoredCategory:
    crosses_border = name.startswith(_CROSS_BORDER) or "§13b" in name
    return StoredCategory(
        id=id_,
        name=name,
        type=type_,
        group_name=group,
        contact_required=crosses_border,
        split_allowed=not (crosses_border or group in _NOT_SPLIT_GROUPS or name in _NOT_SPLIT_NAMES),
    )
