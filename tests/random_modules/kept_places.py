"""Places in which a program keeps things from one call to the next, and what programs do with them.

A place gives the text that makes it at the head of a module, statements that change it, expressions of numbers that
read it, and expressions of whole numbers that change from call to call.  ``{s}``, ``{v}``, ``{q}`` and ``{i}`` are holes
for a number, an array of three, a condition and an index.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One place that is kept; ``rebound`` names what functions must declare global."""

    made: str
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ("0.5",)
    counts: tuple[str, ...] = ()
    rebound: str = ""


def _numbers() -> Place:
    return Place(
        "count = 0\nlast = 0.3",
        ("count += 1", "last = 0.5 * last + np.tanh({s})", "count += 1\nlast = float(np.tanh({s}))", "if {q}:\n    count += 2", "last, count = math.sin({s}), count + 1",
         "globals()['last'] = 0.4 * last + 0.1 * {s}"),
        ("last", "0.1 * (count % 5)", "math.sin(last)"), ("count",), "count, last",
    )  # fmt: skip


def _list() -> Place:
    return Place(
        "entries = [0.3, 0.1]\nsame = entries",
        ("entries.append(np.tanh({s}))", "entries.insert(0, math.sin({s}))", "entries.append({s})\nif len(entries) > 4:\n    del entries[:2]", "entries[-1] = 0.5 * entries[-1] + 0.2 * {s}",
         "same[0] += 0.1 * {s}", "entries.extend([0.1, 0.2 * {s}])\nentries[:] = entries[-4:]", "entries.sort()", "entries.reverse()", "entries[0], entries[-1] = entries[-1], entries[0]",
         "same.append(float({s}))\nsame.pop(0)", "entries[:1] = [0.3 * {s}]", "entries += [0.2 * {s}]\nentries.pop()", "for j, e in enumerate(entries):\n    entries[j] = 0.8 * e + 0.1 * {s}"),
        ("entries[-1]", "sum(same)", "entries[len(entries) // 2]", "max(entries)", "np.mean(entries)", "np.asarray(same).sum()"), ("len(entries)",), "entries",
    )  # fmt: skip


def _dict() -> Place:
    return Place(
        "table = {'a': 0.4}\nviews = (table.values(), table)",
        ("table['a'] = np.tanh({s})", "table['b'] = table.get('b', 0.2) * 0.5 + 0.1 * {s}", "table.setdefault('c', math.sin({s}))", "table.update(d=0.3 * {s})", "table.pop('c', None)",
         "table[len(table) % 3] = 0.2 * {s}", "if 'd' in table:\n    del table['d']\nelse:\n    table['d'] = 0.1 * {s}", "table |= {'e': 0.2 * {s}}", "views[1]['a'] *= 0.9",
         "for key in list(table):\n    table[key] = 0.7 * table[key] + 0.05 * {s}", "table.popitem()\ntable['a'] = 0.4 * {s}"),
        ("sum(table.values())", "table.get('a', 0.1)", "sum(views[0])", "table.get('b', {s})", "max(table.values(), default=0.3)"), ("len(table)",), "table",
    )  # fmt: skip


def _array() -> Place:
    return Place(
        "buffer = np.array([0.1, 0.2, 0.3, 0.4])\npart = buffer[1:]\nsquare = buffer.reshape(2, 2)",
        ("buffer[{i}] = np.tanh({s})", "buffer += 0.1 * {s}", "buffer[:3] = 0.5 * buffer[:3] + 0.1 * {v}", "np.copyto(part, np.tanh({v}))", "np.add(buffer, 0.1 * {s}, out=buffer)", "part[...] = 0.3 * {s}",
         "square[1, 0] = math.sin({s})", "square *= 0.9", "buffer[buffer > 0.5] = 0.2", "buffer.sort()", "buffer.fill(0.3 * {s})", "part[:] = np.roll(part, 1)", "square[:, 1] -= 0.1 * {s}",
         "buffer.put(2, 0.2 * {s})", "np.add.at(buffer, [0, 0, 3], 0.05 * {s})", "buffer[1:] = buffer[:-1] * 0.9", "square[0], square[1] = 0.5 * square[1], 0.4 * {s}"),
        ("buffer.sum()", "part[{i}]", "square[1, 1]", "buffer @ buffer * 0.3", "np.sin(part).mean()", "float(buffer[0])", "np.trace(square)"), ("int(buffer[0] > 0.25)",), "buffer, square",
    )  # fmt: skip


def _object() -> Place:
    return Place(
        """
        class Model:
            made = 0
            def __init__(self, value):
                self.value = value
                self.history = [value]
                self.grid = np.zeros(3)
                Model.made += 1
            @property
            def level(self):
                return 0.5 * self.value + 0.1 * len(self.history)
            @level.setter
            def level(self, value):
                self.value = 0.6 * value
            def note(self, q):
                self.history.append(q)
                self.history = self.history[-3:]
                return sum(self.history)
            def __call__(self, q):
                self.value = 0.5 * self.value + 0.1 * q
                return self.value
            def __getitem__(self, at):
                return self.grid[at]
            def __setitem__(self, at, q):
                self.grid[at] = q
            def __len__(self):
                return len(self.history)
        model = Model(0.2)
        holder = {'model': model, 'method': model.note}
        """,
        ("model.value = np.tanh({s})", "model.value += 0.1 * {s}", "model.note(0.3 * {s})", "holder['method'](0.2 * {s})", "holder['model'](math.sin({s}))", "model.level = 0.4 * {s}", "model.level += 0.1",
         "model[{i}] = 0.3 * {s}", "model[:] = np.tanh({v})", "model.grid = 0.5 * model.grid + 0.1 * {v}", "setattr(model, 'extra', 0.3 * {s})", "model.__dict__['value'] = 0.2 * {s}", "Model.made += 1",
         "vars(model).pop('extra', None)", "model.history[-1] *= 0.5", "model.history = [0.3 * {s}, 0.1]", "holder['fresh'] = Model(0.1 * {s})", "model.grid[1:] += 0.1 * {s}",
         "if hasattr(model, 'extra'):\n    del model.extra"),
        ("model.value", "model.level", "sum(model.history)", "model[{i}]", "getattr(model, 'extra', 0.2)", "model.grid.sum()", "holder['model'].value", "0.1 * Model.made % 0.7"), ("len(model)", "Model.made"),
    )  # fmt: skip


def _slotted() -> Place:
    return Place(
        """
        class Slotted:
            __slots__ = ('left', 'right', 'many')
            def __init__(self):
                self.left, self.right, self.many = 0.1, 0.2, []
            def shift(self, q):
                self.left, self.right = self.right, 0.5 * q
                self.many.append(1)
                return self.left
        @dataclasses.dataclass
        class Record:
            first: float = 0.2
            rest: list = dataclasses.field(default_factory=lambda: [0.1, 0.3])
            def __post_init__(self):
                self.sum = self.first + sum(self.rest)
        class Pair(NamedTuple):
            a: float
            b: list
        slotted, record, pair = Slotted(), Record(), Pair(0.2, [0.3])
        """,
        ("slotted.left = np.tanh({s})", "slotted.shift({s})", "record.first = 0.3 * {s}", "record.rest.append(0.2 * {s})\ndel record.rest[0]", "pair.b[0] = math.sin({s})", "pair = pair._replace(a=0.3 * {s})",
         "record = dataclasses.replace(record, first=0.2 * {s})", "slotted.many.append(2)", "pair.b.append(0.1)\npair.b.pop(0)"),
        ("slotted.left", "slotted.right", "record.sum", "record.first + record.rest[-1]", "pair.a", "sum(pair.b)", "slotted.shift({s})"), ("len(slotted.many)",), "record, pair",
    )  # fmt: skip


def _closures() -> Place:
    return Place(
        """
        def make(start):
            total, calls, seen = start, 0, []
            def add(q, weight=0.5):
                nonlocal total, calls
                calls += 1
                total = weight * total + 0.3 * q
                seen.append(calls)
                return total
            def peek():
                return total + 0.01 * calls
            return add, peek, lambda: calls
        add, peek, calls = make(0.2)
        def gather(q, seen=[0.1]):
            seen.append(0.5 * q)
            del seen[:-3]
            return sum(seen)
        def counted(q):
            counted.calls += 1
            counted.last = 0.5 * q
            return math.tanh(q) * (1 + 0.1 * (counted.calls % 3))
        counted.calls = 0
        counted.last = 0.1
        """,
        ("add({s})", "add({s}, weight=0.2)", "gather({s})", "counted({s})", "total += 0.1 * add({s})", "total += 0.2 * gather({s})", "counted.last = 0.4 * {s}"),
        ("peek()", "add({s})", "gather({s})", "counted({s})", "counted.last", "gather(0.1, [0.2])"), ("calls()", "counted.calls"),
    )  # fmt: skip


def _iterators() -> Place:
    return Place(
        """
        def ramp():
            level, step = 0.1, 0
            while True:
                step += 1
                level = 0.7 * level + 0.1 * (step % 3)
                yield level
        def folding():
            level = 0.2
            while True:
                got = yield level
                level = 0.5 * level + 0.2 * (got if got is not None else 0.1)
        ramped, wheel, ticks = ramp(), itertools.cycle([0.2, 0.5, 0.3]), itertools.count(1)
        fold = folding()
        next(fold)
        shared = iter([0.1 * k for k in range(200)])
        """,
        ("next(ramped)", "next(wheel)", "next(ticks)", "fold.send(0.3)", "next(shared)", "total += 0.1 * next(wheel)", "for _ in zip(range(2), wheel):\n    total += 0.05 * _[1]", "ramped = ramp() if {q} else ramped"),
        ("next(ramped)", "next(wheel)", "0.05 * next(ticks)", "fold.send(0.1)", "next(shared)"), ("next(ticks)",), "ramped",
    )  # fmt: skip


def _draws() -> Place:
    return Place(
        "generator = np.random.default_rng(3)\nolder = np.random.RandomState(5)\nown = random.Random(4)\nnp.random.seed(7)\nrandom.seed(8)",
        ("generator.normal()", "total += 0.1 * generator.normal()", "own.random()", "total += 0.1 * older.uniform()", "np.random.rand(2)", "deck = [0.1, 0.2, 0.3]\nown.shuffle(deck)\ntotal += 0.1 * deck[0]",
         "if generator.uniform() > 0.5:\n    total += 0.2 * {s}", "random.random()"),
        ("generator.uniform()", "0.2 * generator.normal(size=3).sum()", "own.uniform(0.0, 1.0)", "older.rand()", "np.random.uniform()", "random.gauss(0.0, 0.3)", "generator.normal({s}, 0.1)", "own.choice([0.1, 0.2, 0.4])",
         "generator.choice([0.3, 0.6])", "generator.permutation(3)[0] * 0.1"),
        ("generator.integers(5)", "own.randrange(4)"),
    )  # fmt: skip


def _memories() -> Place:
    return Place(
        """
        bodies = [0, 0, 0]
        @functools.lru_cache(maxsize=None)
        def remembered(k):
            bodies[0] += 1
            return math.sin(1.3 * k)
        @functools.lru_cache(maxsize=2)
        def few(q, r=0.5):
            bodies[1] += 1
            return np.tanh(q) * r
        by_hand = {}
        def looked_up(k):
            if k not in by_hand:
                bodies[2] += 1
                by_hand[k] = math.cos(0.7 * k)
            return by_hand[k]
        class Lazy:
            def __init__(self):
                self.made = 0
            @functools.cached_property
            def weight(self):
                self.made += 1
                return 0.4 + 0.1 * self.made
        lazy = Lazy()
        @functools.singledispatch
        def kind(q):
            return 0.2
        @kind.register
        def _(q: float):
            return 0.3 * q
        """,
        ("remembered(2)", "few({s})", "looked_up(bodies[2] % 4)", "lazy.__dict__.pop('weight', None)", "few(0.3, r=0.2)", "remembered(bodies[0] % 3)", "total += 0.1 * few(float({s}))"),
        ("remembered(1)", "few({s})", "looked_up(1)", "lazy.weight", "kind({s})", "few(0.25)", "looked_up(round({s}))", "remembered(round({s}, 3))"), ("bodies[0]", "sum(bodies)"),
    )  # fmt: skip


def _collections() -> Place:
    return Place(
        """
        window = collections.deque([0.1, 0.2], maxlen=3)
        groups = collections.defaultdict(list)
        tally = collections.Counter()
        ordered = collections.OrderedDict(a=0.1, b=0.2)
        heap = [0.2, 0.5]
        seen = set()
        chained = collections.ChainMap({'a': 0.3}, {'b': 0.2})
        """,
        ("window.append(np.tanh({s}))", "window.rotate(1)", "groups[len(groups) % 2].append(0.1 * {s})", "tally['k'] += 1", "tally.update(['k', 'm'])", "ordered['a'] = 0.3 * {s}", "ordered.move_to_end('a')",
         "heapq.heappush(heap, math.sin({s}))\nheapq.heappop(heap)", "heapq.heapreplace(heap, 0.4 * {s})", "seen.add(len(seen))", "chained['a'] = 0.2 * {s}", "window.popleft()\nwindow.append(0.2)\nwindow.appendleft(0.1 * {s})",
         "groups['x'] = groups['x'][-1:] + [0.2 * {s}]"),
        ("sum(window)", "window[-1]", "sum(map(sum, groups.values()))", "0.05 * tally['k']", "list(ordered.values())[-1]", "heap[0]", "0.01 * len(seen)", "chained['a'] + chained['b']", "sum(groups['x'])"),
        ("tally['k']", "len(seen)", "len(groups)"),
    )  # fmt: skip


def _texts() -> Place:
    return Place(
        """
        stream = io.StringIO()
        blob = bytearray(b'ab')
        variable = contextvars.ContextVar('variable', default=0.2)
        space = types.SimpleNamespace(a=0.1, inner=types.SimpleNamespace(b=[0.2]))
        class Mode(enum.Enum):
            SLOW = 1
            FAST = 2
        mode = [Mode.SLOW]
        """,
        ("stream.write('a')", "print('step', len(stream.getvalue()), file=stream)", "blob.append(7)", "variable.set(0.3)", "space.a = 0.3 * {s}", "space.inner.b[0] = np.tanh({s})", "mode[0] = Mode.FAST if {q} else Mode.SLOW",
         "space.inner = types.SimpleNamespace(b=[0.1, 0.2 * {s}])", "variable.set(variable.get() * 0.9)", "stream.write(f'{len(blob):d}')"),
        ("0.01 * len(stream.getvalue())", "0.02 * len(blob)", "variable.get()", "space.a", "sum(space.inner.b)", "(0.3 if mode[0] is Mode.FAST else 0.1)", "0.1 * mode[0].value"), ("len(blob)", "stream.tell()", "mode[0].value"),
    )  # fmt: skip


def _mixed() -> Place:
    return Place(
        """
        class Node:
            def __init__(self, value, *below):
                self.value, self.below = value, list(below)
            def total(self):
                return self.value + sum(node.total() for node in self.below)
            def __iadd__(self, q):
                self.value = self.value + q
                return self
            def __getattr__(self, name):
                if name.startswith('half_'):
                    return 0.5 * getattr(self, name[5:])
                raise AttributeError(name)
        leaf = Node(0.1)
        tree = Node(0.2, leaf, Node(0.3, leaf))
        rows = [np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.1, 0.2])]
        both = {'rows': rows, 'first': rows[0]}
        boxed = np.array([0.2, [0.1]], dtype=object)
        table2 = np.zeros((3, 3))
        """,
        ("leaf.value = np.tanh({s})", "tree.value += 0.1 * {s}", "leaf += 0.1 * {s}", "tree.below.append(Node(0.1 * {s}))\ntree.below.pop(0)", "rows[0][{i}] = 0.3 * {s}", "both['first'] *= 0.9", "both['first'][:] = np.tanh({v})",
         "rows[1] = 0.5 * rows[1] + 0.1 * {v}", "rows.reverse()", "both['rows'].append(np.tanh({v}))\ndel rows[0]", "boxed[0] = 0.4 * {s}", "boxed[1].append(0.1 * {s})\ndel boxed[1][0]", "table2[{i}] = np.tanh({v})",
         "table2[:, {i}] += 0.1 * {s}", "table2 += 0.1 * np.outer({v}, {v})", "table2[:] = np.clip(table2.T, -2.0, 2.0)", "tree.below[0].value *= 0.8"),
        ("tree.total()", "leaf.half_value", "rows[0][{i}]", "both['first'].sum()", "sum(map(np.sum, rows))", "boxed[0]", "boxed[1][0]", "table2.sum() * 0.2", "table2[{i}, {i}]", "np.linalg.norm(table2 + 0.3)", "tree.below[0].value"),
        ("int(leaf.value > 0.3)",), "leaf, table2",
    )  # fmt: skip


#: one function a kind of place
PLACES: list[Callable[[], Place]] = [
    _numbers,
    _list,
    _dict,
    _array,
    _object,
    _slotted,
    _closures,
    _iterators,
    _draws,
    _memories,
    _collections,
    _texts,
    _mixed,
]
