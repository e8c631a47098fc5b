"""Units, scales and currencies: what a figure is measured in, and how units of one dimension convert.

Factors are exact where the definition is exact (international yard and pound agreement, SI). Newton seconds
and pound-force seconds are one dimension with different factors, so the same figure in the other unit
differs. Months and years convert into each other, not into days; a bare ton converts into nothing but
itself.
"""

# ruff: noqa: E501 -- the tables below read best with one unit a line

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from proofroom.domain.evidence.words import stem


@dataclass(frozen=True, slots=True)
class Unit:
    """`value * factor + offset` is the figure in the dimension's base unit."""

    name: str
    dimension: str
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)


SCALES: dict[str, Decimal] = {
    "hundred": Decimal(10) ** 2, "thousand": Decimal(10) ** 3, "million": Decimal(10) ** 6,
    "millions": Decimal(10) ** 6, "billion": Decimal(10) ** 9, "billions": Decimal(10) ** 9,
    "trillion": Decimal(10) ** 12, "trillions": Decimal(10) ** 12, "dozen": Decimal(12), "mn": Decimal(10) ** 6,
    "mln": Decimal(10) ** 6, "bn": Decimal(10) ** 9, "bln": Decimal(10) ** 9, "tn": Decimal(10) ** 12,
    "thousands": Decimal(10) ** 3,
}  # fmt: skip
# Only right after the digits, or with a currency before them: 5k, $3m, 2.1M.
TIGHT_SCALES = {"k": Decimal(10) ** 3, "K": Decimal(10) ** 3, "M": Decimal(10) ** 6, "B": Decimal(10) ** 9}
MONEY_SCALES = {**TIGHT_SCALES, "m": Decimal(10) ** 6, "b": Decimal(10) ** 9, "T": Decimal(10) ** 12}

CURRENCIES = {
    "$": "USD", "US$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "USD": "USD", "EUR": "EUR",
    "GBP": "GBP", "JPY": "JPY", "CHF": "CHF", "CNY": "CNY", "INR": "INR", "\u20b9": "INR", "SEK": "SEK", "NOK": "NOK",
    "DKK": "DKK", "PLN": "PLN", "CAD": "CAD", "C$": "CAD", "AUD": "AUD", "A$": "AUD",
}  # fmt: skip

# dimension: (canonical name, factor, aliases). Aliases of one letter case only are symbols; words match in
# any case.
_TABLE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "length": (
        ("m", "1", "m metre metres meter meters"), ("km", "1000", "km kilometre kilometres kilometer kilometers kms"),
        ("cm", "0.01", "cm centimetre centimetres centimeter centimeters"),
        ("mm", "0.001", "mm millimetre millimetres millimeter millimeters"),
        ("\u00b5m", "0.000001", "\u00b5m \u03bcm micrometre micrometres micrometer micrometers micron microns"),
        ("nm", "0.000000001", "nm nanometre nanometres nanometer nanometers"),
        ("mi", "1609.344", "mi mile miles"), ("ft", "0.3048", "ft foot feet"), ("yd", "0.9144", "yd yard yards"),
        ("in", "0.0254", "inch inches"), ("nmi", "1852", "nmi nautical_mile nautical_miles"),
        ("au", "149597870700", "AU astronomical_unit astronomical_units"),
        ("ly", "9460730472580800", "ly light_year light_years light-year light-years"),
    ),
    "mass": (
        ("kg", "1", "kg kgs kilogram kilograms kilogramme kilogrammes kilo kilos"),
        ("g", "0.001", "g gram grams gramme grammes"), ("mg", "0.000001", "mg milligram milligrams"),
        ("\u00b5g", "0.000000001", "\u00b5g \u03bcg mcg microgram micrograms"),
        ("t", "1000", "t tonne tonnes metric_ton metric_tons"), ("lb", "0.45359237", "lb lbs pound pounds"),
        ("oz", "0.028349523125", "oz ounce ounces"),
    ),
    "ton": (("ton", "1", "ton tons"),),
    "time": (
        ("s", "1", "s sec secs second seconds"), ("ms", "0.001", "ms millisecond milliseconds"),
        ("min", "60", "min mins minute minutes"), ("h", "3600", "h hr hrs hour hours"),
        ("day", "86400", "d day days"), ("week", "604800", "week weeks"),
    ),
    "calendar": (("month", "1", "month months"), ("year", "12", "yr yrs year years"), ("decade", "120", "decade decades"),
                 ("century", "1200", "century centuries")),
    "energy": (
        ("Wh", "3600", "Wh watt_hour watt_hours watt-hours"),
        ("kWh", "3600000", "kWh kilowatt_hour kilowatt_hours kilowatt-hour kilowatt-hours kilowatthours kilowatthour"),
        ("MWh", "3600000000",
         "MWh megawatt_hour megawatt_hours megawatt-hour megawatt-hours megawatthours megawatthour"),
        ("GWh", "3600000000000", "GWh gigawatt_hour gigawatt_hours gigawatt-hour gigawatt-hours gigawatthours"),
        ("TWh", "3600000000000000", "TWh terawatt_hour terawatt_hours terawatt-hour terawatt-hours terawatthours"),
        ("J", "1", "J joule joules"), ("kJ", "1000", "kJ kilojoule kilojoules"),
        ("MJ", "1000000", "MJ megajoule megajoules"), ("GJ", "1000000000", "GJ gigajoule gigajoules"),
        ("kcal", "4184", "kcal kilocalorie kilocalories"), ("eV", "1.602176634E-19", "eV electronvolt electronvolts"),
    ),
    "power": (
        ("W", "1", "W watt watts"), ("kW", "1000", "kW kilowatt kilowatts"),
        ("MW", "1000000", "MW megawatt megawatts"), ("GW", "1000000000", "GW gigawatt gigawatts"),
        ("TW", "1000000000000", "TW terawatt terawatts"), ("hp", "745.69987158227022", "hp horsepower"),
    ),
    "force": (
        ("N", "1", "N newton newtons"), ("kN", "1000", "kN kilonewton kilonewtons"),
        ("MN", "1000000", "MN meganewton meganewtons"), ("GN", "1000000000", "GN giganewton giganewtons"),
        ("lbf", "4.4482216152605", "lbf pound-force pounds-force pound_force pounds_force"),
    ),
    "impulse": (
        ("N\u00b7s", "1", "N\u00b7s N-s Ns newton_second newton_seconds newton-second newton-seconds"),
        ("lbf\u00b7s", "4.4482216152605",
         "lbf\u00b7s lbf-s lb-s pound-force_second pound-force_seconds pound-seconds pound_seconds "
         "pound-force-seconds pound_force_seconds"),
    ),
    "speed": (
        ("m/s", "1", "m/s metres_per_second meters_per_second"),
        ("km/s", "1000", "km/s kilometres_per_second kilometers_per_second"),
        ("km/h", "0.27777777777777777777777777778", "km/h kph kmh kilometres_per_hour kilometers_per_hour"),
        ("mph", "0.44704", "mph miles_per_hour"), ("kn", "0.51444444444444444444444444444", "kn knot knots"),
    ),
    "area": (
        ("m\u00b2", "1", "m\u00b2 m2 m^2 sqm square_metre square_metres square_meter square_meters"),
        ("km\u00b2", "1000000", "km\u00b2 km2 km^2 square_kilometre square_kilometres square_kilometer square_kilometers"),
        ("ha", "10000", "ha hectare hectares"), ("acre", "4046.8564224", "acre acres"),
        ("sq mi", "2589988.110336", "sq_mi square_mile square_miles"), ("sq ft", "0.09290304", "sq_ft square_foot square_feet"),
    ),
    "volume": (
        ("m\u00b3", "1", "m\u00b3 m3 m^3 cubic_metre cubic_metres cubic_meter cubic_meters"),
        ("km\u00b3", "1000000000", "km\u00b3 km3 cubic_kilometre cubic_kilometres cubic_kilometer cubic_kilometers"),
        ("l", "0.001", "l L litre litres liter liters"), ("ml", "0.000001", "ml mL millilitre millilitres milliliter milliliters"),
        ("cm\u00b3", "0.000001", "cm\u00b3 cm3 cc"), ("gal", "0.003785411784", "gal gallon gallons"),
        ("bbl", "0.158987294928", "bbl barrel barrels"),
    ),
    "pressure": (
        ("Pa", "1", "Pa pascal pascals"), ("hPa", "100", "hPa hectopascal hectopascals mbar millibar millibars"),
        ("kPa", "1000", "kPa kilopascal kilopascals"), ("MPa", "1000000", "MPa megapascal megapascals"),
        ("GPa", "1000000000", "GPa gigapascal gigapascals"), ("bar", "100000", "bar bars"),
        ("psi", "6894.757293168", "psi"), ("atm", "101325", "atm"), ("mmHg", "133.322387415", "mmHg"),
    ),
    "frequency": (
        ("Hz", "1", "Hz hertz"), ("kHz", "1000", "kHz kilohertz"), ("MHz", "1000000", "MHz megahertz"),
        ("GHz", "1000000000", "GHz gigahertz"),
    ),
    "data": (
        ("B", "1", "B byte bytes"), ("kB", "1000", "kB KB kilobyte kilobytes"), ("MB", "1000000", "MB megabyte megabytes"),
        ("GB", "1000000000", "GB gigabyte gigabytes"), ("TB", "1000000000000", "TB terabyte terabytes"),
        ("PB", "1000000000000000", "PB petabyte petabytes"), ("KiB", "1024", "KiB"), ("MiB", "1048576", "MiB"),
        ("GiB", "1073741824", "GiB"), ("TiB", "1099511627776", "TiB"),
    ),
    "bits": (("bit", "1", "bit bits"), ("Mbit", "1000000", "Mbit Mbits megabit megabits"),
             ("Gbit", "1000000000", "Gbit Gbits gigabit gigabits")),
    "voltage": (("V", "1", "V volt volts"), ("kV", "1000", "kV kilovolt kilovolts"), ("mV", "0.001", "mV millivolt millivolts")),
    "current": (("A", "1", "A amp amps ampere amperes"), ("mA", "0.001", "mA milliamp milliamps")),
    "concentration": (("M", "1", "M molar"), ("mM", "0.001", "mM millimolar"), ("\u00b5M", "0.000001", "\u00b5M \u03bcM micromolar"),
                      ("nM", "0.000000001", "nM nanomolar")),
    "amount": (("mol", "1", "mol mole moles"), ("mmol", "0.001", "mmol"), ("\u00b5mol", "0.000001", "\u00b5mol \u03bcmol")),
    "angle": (("\u00b0", "1", "\u00b0 degree degrees deg"),),
    "fraction": (("%", "0.01", "% percent per_cent pct percents"), ("\u2030", "0.001", "\u2030 permille per_mille"),
                 ("ppm", "0.000001", "ppm parts_per_million"), ("ppb", "0.000000001", "ppb parts_per_billion")),
    "points": (("percentage points", "1", "percentage_point percentage_points %-points pp points_of_percentage"),
               ("basis points", "0.01", "basis_point basis_points bps")),
    "times": (("times", "1", "times time x \u00d7 fold -fold"),),
    "money:USD": (("USD", "1", "USD dollar dollars US_dollar US_dollars"), ("cent", "0.01", "cent cents")),
    "money:EUR": (("EUR", "1", "EUR euro euros \u20ac"),),
    "money:GBP": (("GBP", "1", "GBP \u00a3 sterling pounds_sterling"),),
    "money:CHF": (("CHF", "1", "CHF franc francs Swiss_francs"),),
    "money:JPY": (("JPY", "1", "JPY yen \u00a5"),),
    "money:CNY": (("CNY", "1", "CNY yuan renminbi"),),
    "money:INR": (("INR", "1", "INR rupee rupees"),),
    "money:SEK": (("SEK", "1", "SEK"),),
    "money:NOK": (("NOK", "1", "NOK"),),
    "money:DKK": (("DKK", "1", "DKK"),),
    "money:PLN": (("PLN", "1", "PLN zloty"),),
    "money:CAD": (("CAD", "1", "CAD Canadian_dollars"),),
    "money:AUD": (("AUD", "1", "AUD Australian_dollars"),),
}  # fmt: skip

_TEMPERATURES = (
    Unit("\u00b0C", "temperature"),
    Unit("\u00b0F", "temperature", Decimal(5) / Decimal(9), Decimal(-160) / Decimal(9)),
    Unit("K", "temperature", Decimal(1), Decimal("-273.15")),
)
_TEMPERATURE_WORDS = {
    "\u00b0c": 0, "\u00b0C": 0, "degrees_celsius": 0, "degree_celsius": 0, "celsius": 0, "degrees_centigrade": 0,
    "\u00b0f": 1, "\u00b0F": 1, "degrees_fahrenheit": 1, "fahrenheit": 1, "K": 2, "kelvin": 2, "kelvins": 2,
}  # fmt: skip

SYMBOLS: dict[str, Unit] = {}
WORDS: dict[str, Unit] = {}


def _fill() -> None:
    for dimension, units in _TABLE.items():
        for name, factor, aliases in units:
            unit = Unit(name, dimension, Decimal(factor))
            for alias in aliases.split():
                spoken = alias.replace("_", " ")
                if (
                    len(spoken) > 3
                    and spoken.replace(" ", "").replace("-", "").isalpha()
                    and spoken[1:].islower()
                ):
                    WORDS[spoken.lower()] = unit
                else:
                    SYMBOLS[spoken] = unit
    for alias, i in _TEMPERATURE_WORDS.items():
        (WORDS if len(alias) > 3 else SYMBOLS)[alias.replace("_", " ")] = _TEMPERATURES[i]


_fill()


def find_unit(text: str) -> Unit | None:
    """The unit that `text` names, such as "km/h", "newton seconds" or "US dollars"."""
    return SYMBOLS.get(text) or WORDS.get(text.lower())


def currency(symbol: str) -> Unit | None:
    """The currency of a sign or code that stands before a figure."""
    code = CURRENCIES.get(symbol)
    return Unit(code, f"money:{code}") if code else None


_MANY = re.compile(r"([0-9]{1,6})[ \u00a0]?([^\W\d].*)")


def per_named(text: str) -> str:
    """What a figure is given for each of, in one form: "hectare" and "ha" are "ha", "Patients" is "patient",
    "100km" is "100 km".
    """
    m = _MANY.fullmatch(text)
    if m is not None:
        return f"{m[1]} {per_named(m[2])}"
    unit = find_unit(text)
    return unit.name if unit else stem(text.lower())
