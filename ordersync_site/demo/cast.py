"""Who buys in the demo and what is for sale: invented people at example.org, and invented goods."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A buyer with one postal address. `region` is a state's code where addresses have one."""

    id: int
    first_name: str
    last_name: str
    street: str
    postcode: str
    city: str
    country: str
    region: str = ""
    company: str = ""
    vat_id: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@example.org".lower().replace(" ", "").replace("'", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """Something to buy: `price` as the shop shows it (with tax where its prices include tax); `reduced`: taxed at the lower rate."""

    id: int
    sku: str
    title: str
    price: Decimal
    reduced: bool = False


def _people(first_id: int, country: str, rows: list[tuple[str, str, str, str, str, str]]) -> list[Person]:
    return [
        Person(id=first_id + at, first_name=first, last_name=last, street=street, postcode=code, city=city, country=country, region=region)
        for at, (first, last, street, code, city, region) in enumerate(rows)
    ]  # fmt: skip


GERMANS = _people(7001, "DE", [
    ("Paula", "Beispiel", "Musterweg 1", "12345", "Musterstadt", ""),
    ("Max", "Mustermann", "Probegasse 7", "23456", "Testhausen", ""),
    ("Erika", "Vorlage", "Am Entwurf 3", "34567", "Neudorf", ""),
    ("Jonas", "Platzhalter", "Leerstraße 12", "45678", "Freistadt", ""),
    ("Lina", "Skizze", "Zeichenweg 9", "56789", "Bleistiftburg", ""),
    ("Ömer", "Muster", "Beispielallee 44", "67890", "Schönfeld", ""),
    ("Greta", "Erfunden", "Fantasieplatz 2", "10203", "Nirgendwo", ""),
    ("Theo", "Probe", "Versuchsring 18", "20304", "Anfang", ""),
    ("Mia", "Entwurf", "Skizzenpfad 5", "30405", "Wolkenheim", ""),
    ("Noah", "Annahme", "Hypotenuse 3", "40506", "Winkel", ""),
])  # fmt: skip
AMERICANS = _people(8001, "US", [
    ("Alex", "Placeholder", "9 Sample Avenue", "60000", "Exampleville", "IL"),
    ("Sam", "Specimen", "17 Mock Street", "60001", "Testburg", "IL"),
    ("Riley", "Dummy", "4 Draft Lane", "90000", "Nowhere Beach", "CA"),
    ("Jordan", "Fixture", "230 Stub Road", "90001", "Sandbox", "CA"),
    ("Casey", "Template", "5 Outline Court", "97000", "Blankton", "OR"),
    ("Morgan", "O'Sketch", "88 Pencil Drive", "97001", "Erasure", "OR"),
    ("Taylor", "Instance", "12 Object Way", "60002", "Classford", "IL"),
    ("Drew", "Assumption", "61 Premise Blvd", "90002", "Lemma", "CA"),
])  # fmt: skip
BRITONS = _people(8501, "GB", [
    ("Robin", "Mockup", "2 Pattern Row", "ZZ1 1ZZ", "Exampleton", ""),
    ("Jamie", "Proforma", "11 Blank Street", "ZZ2 2ZZ", "Draughtsby", ""),
    ("Frankie", "Sampler", "5 Stencil Close", "ZZ3 3ZZ", "Outlineham", ""),
])  # fmt: skip
FRENCH = Person(
    id=7101,
    first_name="Chloé",
    last_name="Exemple",
    street="3 rue du Modèle",
    postcode="75000",
    city="Essai",
    country="FR",
)
AUSTRIAN = Person(
    id=7102,
    first_name="Resi",
    last_name="Vordruck",
    street="Formblattgasse 6",
    postcode="1000",
    city="Probierdorf",
    country="AT",
)
DUTCH_FIRM = Person(
    id=7103, first_name="Daan", last_name="Voorbeeld", street="Proefstraat 10", postcode="1000 AA", city="Voorbeeldstad", country="NL",
    company="Voorbeeld B.V.", vat_id="NL123456789B01",
)  # fmt: skip
CHARITY = Person(
    id=7104, first_name="Ida", last_name="Stiftung", street="Spendenweg 2", postcode="54321", city="Gutheim", country="DE", company="Beispielhilfe e. V."
)  # fmt: skip
JAPANESE = Person(
    id=9001, first_name="Mihon", last_name="Rei", street="1-2-3 Mihon", postcode="100-0000", city="Kasou", country="JP"
)
KUWAITI = Person(
    id=9101,
    first_name="Noor",
    last_name="Mithal",
    street="Block 1, Street 2",
    postcode="10000",
    city="Namuthaj",
    country="KW",
)

HOUSE = [
    Good(id=5001, sku="MUG-XL", title="Large mug", price=Decimal("14.90")),
    Good(id=5002, sku="MUG-S", title="Small mug", price=Decimal("9.95")),
    Good(id=5003, sku="TEAPOT", title="Teapot of clay", price=Decimal("38.00")),
    Good(id=5004, sku="TEA/GREEN 100", title="Green tea, 100 g", price=Decimal("6.49"), reduced=True),
    Good(id=5005, sku="TEA/BLACK 100", title="Black tea, 100 g", price=Decimal("5.79"), reduced=True),
    Good(id=5006, sku="HONEY-250", title="Honey, 250 g", price=Decimal("7.20"), reduced=True),
    Good(id=5007, sku="TOWEL-BLUE", title="Kitchen towel, blue", price=Decimal("12.50")),
    Good(id=5008, sku="LAMP-DESK", title="Desk lamp", price=Decimal("89.00")),
    Good(id=5009, sku="KETTLE-17", title="Kettle, 1.7 l", price=Decimal("49.99")),
    Good(id=5010, sku="BOOK-TEA", title="The book of tea", price=Decimal("24.00"), reduced=True),
]
OUTDOOR = [
    Good(id=6001, sku="TENT-2P", title="Tent for two", price=Decimal("189.00")),
    Good(id=6002, sku="BOTTLE-1L", title="Bottle, 1 quart", price=Decimal("17.95")),
    Good(id=6003, sku="SOCK-M", title="Wool socks, M", price=Decimal("11.49")),
    Good(id=6004, sku="SOCK-L", title="Wool socks, L", price=Decimal("11.49")),
    Good(id=6005, sku="ROPE-20", title="Rope, 20 yards", price=Decimal("42.30")),
    Good(id=6006, sku="STOVE", title="Camping stove", price=Decimal("64.75")),
    Good(id=6007, sku="PACK-40", title="Backpack, 40 l", price=Decimal("119.00")),
    Good(id=6008, sku="MAP-NW", title="Map of the northwest", price=Decimal("8.05")),
]
UNMAPPED = Good(id=5099, sku="VASE-NEW", title="Vase, new this season", price=Decimal("32.00"))
