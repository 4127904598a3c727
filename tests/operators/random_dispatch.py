"""Random functions that find what they call by flags, by names with numbers in them, among globals, in tables and through np.vectorize, and handle errors of lookups.

program : seed → (source, changes), as that of ``random_programs.py``
"""

from __future__ import annotations

from random_programs import BEGIN, CHANGES, Writer

MORE = """
class Elements(Base):
    table = {"one": "el_0", "two": "el_1"}
    def el_0(self, nargout, y):
        if nargout > 1:
            return y * self.k, MISSING_NAME
        return y * self.k
    def el_1(self, nargout, y):
        if nargout == 2:
            LOG.append(nargout)
        return np.sin(y) * nargout + self.k
    @staticmethod
    def el_2(nargout, y):
        try:
            more = MAYBE
        except NameError:
            more = 0.25
        return y * more + nargout
    def flagged(self, y, kind=0, also=1):
        if kind < 0:
            W.append(1.0)
        elif kind == 1:
            return y * 0.5
        return y + kind if also else y - kind
def fn_sum(y, k=1):
    return y + c * k
def fn_product(y, k=1):
    return y * c if k else y
def sloped(t):
    if t < 0.2:
        return t * t * c
    return P.k * t
ENTRIES, STEEP = np.vectorize(sloped, otypes=[float]), np.vectorize(lambda t, a=1.0: t * a + d)
@np.vectorize
def decorated(t, s):
    return s * t if t > s else t + float(n)
E = Elements(0.8, np.array([0.1, 0.6, -0.4, 0.9]))
KINDS, NAMES = np.array([0, 1, 2, 1]), ["one", "two", "one"]
"""

CHANGES_MORE = [
    "KINDS[{i}] = 1", "KINDS[:] = 2", "KINDS = KINDS[::-1]", "NAMES.reverse()", "NAMES[{i}] = 'two'", "Elements.table = {{'one': 'el_1', 'two': 'el_0'}}", "E.k = {r}", "MAYBE = {r}", "del MAYBE", "E.el_1 = lambda n, y: y * {r}", "del E.el_1",
    "Elements.el_0 = Elements.el_1", "Elements.el_3 = Elements.el_0", "Elements.el_2 = staticmethod(lambda n, y: y * n)", "Elements.__getattr__ = lambda self, name: None", "fn_sum, fn_product = fn_product, fn_sum", "fn_sum = lambda y, k=1: y * {r}",
    "ENTRIES = np.vectorize(lambda t: t * {r})", "decorated.pyfunc = lambda t, s: t - s * {r}", "ENTRIES, STEEP = STEEP, ENTRIES", "sloped.__code__ = (lambda t: t * c).__code__", "Elements.flagged.__defaults__ = (1, 0)", "MISSING_NAME = 1.0", "D.pop('b')", "del D['a']",
    "P = E", "E = Derived({r}, A)", "math = SimpleNamespace(sin=np.cos, exp=math.exp, cosh=math.cosh, fsum=math.fsum)",
]  # fmt: skip


class Dispatching(Writer):
    def number(self, depth: int = 2) -> str:
        if depth <= 0 or self.r.random() < 0.5:
            return super().number(depth)
        s, v = lambda: self.number(depth - 1), lambda: self.vector(depth - 1)
        i, flag = self.r.randrange(3), self.pick("1", "1", "1", "2", "0", "n", "-1", "3")
        return self.pick(
            f"E.el_{i}({flag}, {s()})", f'getattr(E, f"el_{{KINDS[{i}]}}")({flag}, {s()})', f'getattr(E, "el_%d" % KINDS[{i}])({flag}, {s()})', f'getattr(E, "el_" + str({i}))(1, {s()})', f'getattr(E, "el_{{}}".format(n))(1, {s()})',
            f'sum(getattr(E, f"el_{{k}}")(1, {s()}) for k in range(3))', f"getattr(E, E.table[NAMES[{i}]])({flag}, {s()})", f"eval('E.' + Elements.table[NAMES[{i}]] + '(1, ' + repr({self.real()}) + ')') * {s()}",
            f"E.flagged({s()}, {flag})", f"E.flagged({s()}, kind={flag}, also={self.pick('0', '1', 'flag')})", f'globals()["fn_" + {self.pick(repr("sum"), repr("product"), "NAMES[0]")}]({s()}, {flag})', f"globals()['c'] * {s()}",
            f'getattr(math, {self.pick(repr("sin"), repr("exp"))})(-abs({s()}))', f'getattr(np, "{self.pick("sin", "tanh")}")({s()})', f"float(ENTRIES({s()}))", f"np.sum(STEEP({v()}))", f"np.sum(decorated({v()}, {s()}))", f"np.sum(np.vectorize(lambda t: t * {s()})({v()}))",
            f'getattr(E, f"zz_{{n}}", {s()})', f'hasattr(E, f"el_{{n}}") * {s()}', f'getattr(E, f"el_{{n}}", E.el_0)(1, {s()})',
        )  # fmt: skip

    def vector(self, depth: int = 2) -> str:
        if depth <= 0 or self.r.random() < 0.7:
            return super().vector(depth)
        s, v = lambda: self.number(depth - 1), lambda: self.vector(depth - 1)
        return self.pick(
            f"ENTRIES({v()})", f"STEEP({v()}, {s()})", f"decorated({v()}, {s()})", f'getattr(E, f"el_{{KINDS[0]}}")(1, {v()})', f"E.el_2(1, {v()})", f"E.flagged({v()}, {self.pick('0', '1', '2')})", f"np.vectorize(sloped, otypes=[float])({v()})",
        )  # fmt: skip

    def statement(self, pad: str, depth: int) -> list[str]:
        if self.r.random() < 0.8:
            return super().statement(pad, depth)
        t, s, v = self.fresh(), self.number(1), self.vector(1)
        self.numbers.append(t)
        return [pad + line for line in self.pick(
            ["try:", f"    {t} = D[{self.pick(repr('a'), repr('zz'), repr('b'), 'mode')}] * {s}", f"except {self.pick('KeyError', 'LookupError', 'Exception', 'TypeError')}:", f"    {t} = {s}"],
            ["try:", f"    {t} = W[{self.pick('1', '5', 'n')}] * {s}", "except IndexError:", f"    {t} = {s}"],
            ["try:", f"    {t} = MAYBE * {s}", "except:", f"    {t} = {s}"],
            ["try:", f"    {t} = E.{self.pick('k', 'zz')} * {s}", "except AttributeError:", f"    {t} = {s}"],
            ["try:", f"    {t} = {v}[{self.pick('3', '4', 'n')}] * {s}", "except IndexError:", f"    {t} = {s}"],
            ["try:", f"    {t} = 1.0 / float({self.pick('n - 2', 'c - c', 'len(W) - 3', 'flag', '(x[0] > 0) * 1')}) * {s}", "except ZeroDivisionError:", f"    {t} = {s}"],
            ["try:", f"    {t} = math.log({self.pick('d', 'c', 'x[1]')}) * {s}", "except ValueError:", f"    {t} = {s}"],
            ["try:", f"    if {self.test()}:", f"        raise {self.pick('KeyError', 'ValueError(1)', 'RuntimeError')}", f"    {t} = {s}", "except (KeyError, ValueError):", f"    {t} = {s}"],
            ["try:", f"    {t} = sum([a * b for a, b in zip(W, x, strict=True)])", "except ValueError:", f"    {t} = {s}"],
            [f"{t} = 0.0", f"for {t}k, {t}n in enumerate(NAMES):", f"    {t} = {t} + getattr(E, E.table[{t}n])({self.pick('1', f'{t}k')}, {s})"],
        )]  # fmt: skip


def program(seed: int) -> tuple[str, list[str]]:
    """A program with a function ``f``, and changes to be made between its calls."""
    writer = Dispatching(seed)
    source = BEGIN + MORE + writer.function()
    r = writer.r
    chosen = [*r.sample(CHANGES, 2), *r.sample(CHANGES_MORE, 4)]
    r.shuffle(chosen)
    return source, [c.format(r=writer.real(), i=r.randrange(3)) for c in chosen]
