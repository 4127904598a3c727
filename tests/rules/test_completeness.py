"""Every primitive of the families tested here appears in some case, so that no rule is without a test."""

from __future__ import annotations

import warnings

import numpy as np

import gradwise as gw
from gradwise.containers import flatten
from gradwise.program import Primitive
from gradwise.rules import (
    bessel,
    cumulative,
    elementwise,
    elliptic,
    entries,
    fourier,
    incomplete,
    integrals,
    interpolation,
    ordering,
    polynomials,
    powers,
    reductions,
    special,
)
from gradwise.tracing import record
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback

from . import (
    test_elementwise,
    test_fourier,
    test_incomplete,
    test_ordering,
    test_reductions,
    test_special,
    test_special_relatives,
)

FAMILIES = (
    bessel,
    cumulative,
    elementwise,
    elliptic,
    entries,
    fourier,
    incomplete,
    integrals,
    interpolation,
    ordering,
    polynomials,
    powers,
    reductions,
    special,
)


def all_cases():
    for module in (test_elementwise, test_ordering, test_reductions, test_special):
        yield from module.CASES.values()
    yield from test_special_relatives.CASES.values()
    yield from test_incomplete.CASES.values()
    yield from test_special_relatives.CASES_OF_INTEGRALS.values()
    for name, options, x in test_fourier.CASES.values():
        yield test_fourier.transform(name, options), (x,)


def used(function, arguments, found):
    """The primitives of the function, of its two derivatives, and of the derivative of its tangent."""
    for order in (1, 2):
        if order == 2:
            first = function
            directions = tuple(np.ones_like(a) for a in arguments)

            def function(*args, first=first, directions=directions):
                return [
                    v for v in flatten(gw.jvp(first, args, directions)[1])[0] if not isinstance(v, (np.ndarray, float))
                ]

        program = record(function, arguments, (True,) * len(arguments), lambda leaves, f=function: f(*leaves)).program
        for equations in (
            program.equations,
            pushforward(program, program.inputs).equations,
            pullback(program, program.inputs).equations,
        ):
            found.update(e.primitive for e in equations)


def primitives(module):
    listed = [v for v in vars(module).values() if isinstance(v, Primitive)]
    listed += [p for v in vars(module).values() if isinstance(v, dict) for p in v.values() if isinstance(p, Primitive)]
    return listed


def test_every_primitive_has_a_case():
    found = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function, arguments in all_cases():
            used(function, arguments, found)
    names = {p.name for p in found}
    # its only derivative raises, which test_special asserts
    found.add(special.riemann_zeta)
    missing = {p.name for module in FAMILIES for p in primitives(module) if p not in found}
    assert missing == set(), f"{sorted(missing)} have no case; {len(names)} have one"
