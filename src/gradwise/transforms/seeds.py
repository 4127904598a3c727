"""The pullback of a function with one number as value, at the cotangent 1.

    gradient : pullback(P)(1),  with the multiplications by 1 taken out

A gradient starts from the number 1, which sums spread over whole arrays; multiplying by it costs a pass over each of them.  The results are the same bit for bit, since 1 · p = p.
"""

from __future__ import annotations

from gradwise.program import Equation, constant
from gradwise.rules.algebra import mul_p
from gradwise.rules.broadcasting import broadcast_to_p, reshape_p
from gradwise.transforms.forward import Derivative
from gradwise.transforms.simplify import needed


def seeded(derivative: Derivative) -> Derivative:
    """The derivative with its one vector set to the constant 1, and products with 1 replaced by their other factor."""
    types = derivative.types
    (seed,) = derivative.vectors
    assert seed is not None
    equations: list[Equation] = [Equation(constant, (), (types[seed].dtype.type(1), types[seed].dtype), seed)]
    ones = {seed}
    spread: dict[int, int] = {}
    renamed: dict[int, int] = {}
    results = {r for r in derivative.results if r is not None}
    for equation in derivative.equations:
        inputs = equation.inputs
        if renamed and not renamed.keys().isdisjoint(inputs):
            inputs = tuple([renamed.get(i, i) for i in inputs])
        primitive, out = equation.primitive, equation.outputs
        if primitive is mul_p:
            x, z = inputs
            other = z if x in ones else x if z in ones else None
            if other is not None and types[other] is types[out] and out not in results:
                renamed[out] = other
                if other in ones:
                    ones.add(out)
                continue
            # a number spread over an array multiplies like the number itself
            if x in spread and types[z] is types[out]:
                inputs = (spread[x], z)
            elif z in spread and types[x] is types[out]:
                inputs = (x, spread[z])
        elif primitive is broadcast_to_p or primitive is reshape_p:
            if inputs[0] in ones:
                ones.add(out)
            source = spread.get(inputs[0], inputs[0])
            if types[source].shape == ():
                spread[out] = source
        elif primitive is constant and equation.params[0] == 1:
            ones.add(out)
        if inputs is not equation.inputs:
            equation = Equation(primitive, inputs, equation.params, out, equation.location)
        equations.append(equation)
    probes = [(e, renamed.get(ct, ct)) for e, ct in derivative.probes]
    live = set(results) | {ct for _, ct in probes}
    kept = needed(equations, live)
    n = len(derivative.program.types)
    needs = sorted({i for i in live if i < n})
    return Derivative(derivative.program, types, kept, (), derivative.results, needs, probes)
