"""Dates, spans of time, fractions and decimal numbers in proved functions: compared at each call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.03, 0.05, 0.7])
TODAY = dt.date(2024, 1, 15)


@dataclass
class Bond:
    maturity: dt.date
    coupon: float
    dates: list

    def years(self, date):
        return (date - TODAY).days / 365.25

    def price(self, rate):
        value = 100.0 * np.exp(-rate * self.years(self.maturity))
        for date in self.dates:
            if date > TODAY:
                value += self.coupon * np.exp(-rate * self.years(date))
        return value


class Curve:
    def __init__(self):
        self.day = dt.date(2024, 1, 15)
        self.step = dt.timedelta(days=90)
        self.start = dt.datetime(2024, 1, 15, 12, 30)
        self.third = Fraction(1, 3)
        self.tick = Decimal("0.25")

    def spans(self, x):
        later = self.day + 2 * self.step
        return x[0] * (later - self.day).days + x[1] * self.step.total_seconds() / 86400.0 + x[2] * later.month

    def times(self, x):
        return x[0] * (self.start + self.step).hour + x[1] * self.start.toordinal() * 1e-5

    def fractions(self, x):
        return x[0] * float(self.third * 2 + Fraction(1, 6)) + x[1] * self.third.denominator + float(self.tick) * x[2]

    def weekend(self, x):
        day = self.day
        total = 0.0
        for k in range(3):
            day = day + dt.timedelta(days=1)
            total = total + (x[k] if day.weekday() < 5 else 2.0 * x[k])
        return total


curve = Curve()
bonds = [
    Bond(dt.date(2030, 6, 1), 4.0, [dt.date(2023, 6, 1), dt.date(2024, 6, 1), dt.date(2025, 6, 1)]),
    Bond(dt.date.fromisoformat("2028-03-01"), 2.5, [dt.date(2024, 3, 1), dt.date(2026, 3, 1)]),
]


def book(x):
    return sum(b.price(x[0] + x[1] * b.years(b.maturity) * 0.1) for b in bonds) * x[2]


FUNCTIONS = {"book": book, **{name: getattr(curve, name) for name in ("spans", "times", "fractions", "weekend")}}


@pytest.fixture
def as_they_were():
    kept = dict(vars(curve)), [dict(vars(b)) for b in bonds], TODAY
    yield
    vars(curve).update(kept[0])
    for b, was in zip(bonds, kept[1], strict=True):
        vars(b).update(was)
    globals()["TODAY"] = kept[2]


CHANGES = {
    "the same": lambda: None,
    "another day": lambda: globals().update(TODAY=dt.date(2024, 6, 15)),
    "another maturity": lambda: setattr(bonds[0], "maturity", dt.date(2040, 6, 1)),
    "other dates": lambda: setattr(bonds[1], "dates", [dt.date(2020, 3, 1), dt.date(2025, 3, 1)]),
    "one more": lambda: setattr(bonds[1], "dates", [*bonds[1].dates, dt.date(2027, 3, 1)]),
    "a time": lambda: setattr(curve, "day", dt.datetime(2024, 1, 20, 5)),
    "a day more": lambda: setattr(curve, "day", dt.date(2024, 1, 18)),
    "another step": lambda: setattr(curve, "step", dt.timedelta(hours=30)),
    "in another zone": lambda: setattr(curve, "start", dt.datetime(2024, 1, 15, 3, tzinfo=dt.UTC)),
    "another fraction": lambda: setattr(curve, "third", Fraction(5, 7)),
    "an integer": lambda: setattr(curve, "third", 2),
    "another tick": lambda: setattr(curve, "tick", Decimal("0.5")),
    "a number": lambda: setattr(curve, "tick", 0.125),
}


@pytest.mark.usefixtures("as_they_were")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dates(name, change) -> None:
    f = FUNCTIONS[name]
    derivative = gw.value_and_grad(f)
    for k in range(9):
        if k == 6:
            CHANGES[change]()
        x = X * (1.0 + 0.1 * k)
        try:
            expected = f(x)
        except Exception as error:
            with pytest.raises(type(error)):
                derivative(x)
            continue
        value, gradient = derivative(x)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(gradient, differences(f, x, 1e-4), rtol=1e-6, atol=1e-7)
    if change == "the same":
        assert shortcuts_of(f)["0"].served > 0


def test_decimal_numbers_round_as_their_context_says() -> None:
    tick = Decimal(1)
    f = lambda x: x[0] * float(tick / 3)
    derivative = gw.grad(f)
    for precision in (28, 28, 28, 28, 3, 3):
        with localcontext(prec=precision):
            assert derivative(X)[0] == float(Decimal(1) / 3)


def test_equal_decimals_with_other_texts() -> None:
    class Price:
        tick = Decimal("1.0")

    price = Price()
    f = lambda x: x[0] * len(str(price.tick))
    derivative = gw.grad(f)
    for text in ("1.0", "1.0", "1.0", "1.0", "1.00", "1.000"):
        price.tick = Decimal(text)
        assert derivative(X)[0] == len(text)
