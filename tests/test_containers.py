"""Laws of `gradwise.containers`: what is flattened comes back, equal structures pair equal places, errors name places."""

from __future__ import annotations

import copy
import enum
import functools
import gc
import pickle
import weakref
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradwise as gw
from gradwise.containers import EMPTY, LEAF, describe, flatten, map_structure
from gradwise.errors import InputError


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    weight: Any
    bias: Any = 0.0
    norm: Any = field(init=False)
    count: ClassVar[int] = 0

    def __post_init__(self) -> None:
        type(self).count += 1
        self.norm = 7.0


@dataclass(frozen=True)
class Frozen:
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Slotted:
    a: Any
    b: Any


class Named(list):
    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label


class Loud(dict):
    """A dict whose own methods must not be called."""

    def __iter__(self):
        raise AssertionError

    def __getitem__(self, key):
        raise AssertionError

    def __setitem__(self, key, value):
        raise AssertionError


class LoudList(list):
    """A list whose own iterator must not be called."""

    def __iter__(self):
        raise AssertionError


class Color(enum.Enum):
    RED = 1
    BLUE = 2


keys = st.one_of(
    st.text(max_size=3), st.integers(-5, 5), st.floats(), st.none(), st.sampled_from(Color), st.binary(max_size=2),
    st.tuples(st.integers(0, 3), st.text(max_size=1)), st.frozensets(st.integers(0, 3), max_size=2),
)  # fmt: skip
leaves_strategy = st.one_of(st.floats(allow_nan=False), st.integers(), st.text(max_size=2), st.booleans())


def containers_of(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    mapping = st.dictionaries(keys, children, max_size=4)
    return st.one_of(
        st.lists(children, max_size=3),
        st.lists(children, max_size=3).map(tuple),
        mapping,
        mapping.map(OrderedDict),
        mapping.map(lambda items: defaultdict(list, items)),
        st.builds(Point, children, children),
        st.builds(Frozen, children, children),
        st.builds(Slotted, children, children),
        st.builds(Layer, children, children),
        st.dictionaries(st.sampled_from("abcd"), children, max_size=3).map(lambda items: SimpleNamespace(**items)),
    )


trees = st.recursive(st.one_of(leaves_strategy, st.none()), containers_of, max_leaves=12)


def same(left: Any, right: Any) -> bool:
    """Equality that also compares types and the order of keys, written without the code under test."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        factories = getattr(left, "default_factory", None), getattr(right, "default_factory", None)
        pairs = zip(left.items(), right.items(), strict=True)
        return len(left) == len(right) and factories[0] is factories[1] and all(
            (k is m or k == m) and same(v, w) for (k, v), (m, w) in pairs)  # fmt: skip
    if isinstance(left, (Frozen, Slotted)):
        return same((left.a, left.b), (right.a, right.b))
    if isinstance(left, (Layer, SimpleNamespace)):
        return same(vars(left), vars(right))
    return left == right


@given(trees)
def test_rebuild_is_the_inverse_of_flatten(tree):
    leaves, treedef = flatten(tree)
    rebuilt = treedef.rebuild(leaves)
    assert same(rebuilt, tree)
    again, treedef_again = flatten(rebuilt)
    assert treedef_again == treedef
    assert hash(treedef_again) == hash(treedef)
    assert len(again) == len(leaves) == treedef.num_leaves == len(treedef.paths())
    assert all(a is b for a, b in zip(again, leaves, strict=True))


@given(trees)
def test_flatten_of_a_rebuilt_tree_gives_the_same_leaves_in_order(tree):
    treedef = flatten(tree)[1]
    numbers = list(range(treedef.num_leaves))
    assert flatten(treedef.rebuild(numbers))[0] == numbers


@given(trees, trees)
def test_equal_structures_have_equal_paths(left, right):
    (_, first), (_, second) = flatten(left), flatten(right)
    assert (first == second) == (second == first)
    if first == second:
        assert first.paths() == second.paths()
    # map_structure agrees with equality: it pairs or it raises
    if first == second:
        map_structure(lambda a, _: a, left, right)
    else:
        with pytest.raises(InputError, match="structures that differ at tree"):
            map_structure(lambda a, _: a, left, right)


@given(trees, st.randoms(use_true_random=False))
def test_structure_does_not_depend_on_insertion_order_where_keys_have_an_order(tree, random):
    items = [(key, tree) for key in ("b", 3, None, (1, "z"), 2.5, Color.RED, b"q", Color.BLUE, "a", True)]
    shuffled = random.sample(items, len(items))
    (leaves, treedef), (other_leaves, other) = flatten(dict(items)), flatten(dict(shuffled))
    assert treedef == other
    assert hash(treedef) == hash(other)
    assert len(leaves) == len(other_leaves)
    assert list(treedef.rebuild(leaves)) == [key for key, _ in items]
    assert list(other.rebuild(leaves)) == [key for key, _ in shuffled]


def test_dicts_with_text_keys_are_equal_in_any_order():
    (leaves, treedef), (other_leaves, other) = flatten({"b": 1.0, "a": 2.0}), flatten({"a": 2.0, "b": 1.0})
    assert treedef == other
    assert leaves == other_leaves == [2.0, 1.0]
    assert list(treedef.rebuild(leaves)) == ["b", "a"]


@pytest.mark.parametrize("first", [float("nan"), frozenset({1}), object(), 1j])
def test_keys_without_an_order_keep_insertion_order_as_structure(first):
    assert flatten({first: 1.0, "a": 2.0})[1] != flatten({"a": 2.0, first: 1.0})[1]
    assert flatten({first: 1.0, "a": 2.0})[1] == flatten({first: 5.0, "a": 6.0})[1]
    assert flatten({first: 1.0, "a": 2.0})[0] == [1.0, 2.0]


@given(trees)
def test_treedefs_survive_copying_and_pickling(tree):
    treedef = flatten(tree)[1]
    assert copy.deepcopy(treedef) is treedef
    numbers = list(range(treedef.num_leaves))
    if "nan" not in repr(treedef):  # a NaN key equals nothing but itself
        loaded = pickle.loads(pickle.dumps(treedef))
        assert loaded == treedef
        assert same(loaded.rebuild(numbers), treedef.rebuild(numbers))


def test_bare_leaf_is_the_singleton():
    array = np.arange(3.0)
    leaves, treedef = flatten(array)
    assert treedef is LEAF
    assert leaves[0] is array
    assert treedef.rebuild([5.0]) == 5.0
    assert treedef.paths("x") == ["x"]
    assert flatten({1.0, 2.0})[1] is LEAF
    assert flatten(Point)[1] is LEAF
    assert flatten(Layer)[1] is LEAF  # a class is not an instance


def test_none_is_a_container_with_nothing_in_it():
    assert flatten(None) == ([], EMPTY)
    assert EMPTY.rebuild([]) is None
    assert flatten([None, 1.0])[1] != flatten([1.0, None])[1]


def test_paths_read_as_the_user_would_write_them():
    tree = {"w": [1.0, Point(2.0, 3.0)], "k": SimpleNamespace(q=4.0), (1, 2): Layer(5.0)}
    assert flatten(tree)[1].paths("params") == [
        "params['k'].q", "params['w'][0]", "params['w'][1].x", "params['w'][1].y",
        "params[(1, 2)].weight", "params[(1, 2)].bias", "params[(1, 2)].norm",
    ]  # fmt: skip
    for path, leaf in zip(flatten(tree)[1].paths("params"), flatten(tree)[0], strict=True):
        assert eval(path, {"params": tree}) is leaf


def test_dataclasses_are_rebuilt_without_running_their_code():
    layer = Layer(1.0, 2.0)
    made = Layer.count
    leaves, treedef = flatten(layer)
    rebuilt = treedef.rebuild([10.0 * leaf for leaf in leaves])
    assert Layer.count == made
    assert (rebuilt.weight, rebuilt.bias, rebuilt.norm) == (10.0, 20.0, 70.0)
    assert (layer.weight, layer.bias, layer.norm) == (1.0, 2.0, 7.0)


def test_a_field_that_was_never_set_stays_unset():
    layer = Layer(1.0)
    del layer.norm
    leaves, treedef = flatten(layer)
    assert leaves == [1.0, 0.0]
    assert not hasattr(treedef.rebuild(leaves), "norm")
    assert treedef != flatten(Layer(1.0))[1]
    other = Layer(1.0)
    del other.bias
    other.__dict__.update(other=0.0)
    assert flatten(other)[1] != flatten(Layer(1.0))[1]
    assert hash(flatten(other)[1]) != hash(flatten(Layer(1.0))[1])


def test_attributes_outside_the_fields_are_leaves_and_cached_properties_are_recomputed():
    @dataclass
    class Model:
        w: Any

        @functools.cached_property
        def squared(self) -> Any:
            return self.w**2

    model = Model(3.0)
    model.scale = 5.0
    assert model.squared == 9.0
    leaves, treedef = flatten(model)
    assert leaves == [3.0, 5.0]
    rebuilt = treedef.rebuild([4.0, 6.0])
    assert rebuilt.scale == 6.0
    assert rebuilt.squared == 16.0


def test_private_and_inherited_slots():
    class Base:
        __slots__ = ("__hidden", "shown")

        def fill(self) -> None:
            self.__hidden, self.shown = 1.0, 2.0

        def total(self) -> float:
            return self.__hidden + 10 * self.shown

    @dataclass
    class Derived(Base):
        own: Any

    value = Derived(3.0)
    value.fill()
    leaves, treedef = flatten(value)
    assert sorted(leaves) == [1.0, 2.0, 3.0]
    rebuilt = treedef.rebuild([2 * leaf for leaf in leaves])
    assert (rebuilt.own, rebuilt.total()) == (6.0, 42.0)


def test_subclasses_keep_type_and_attributes_and_their_methods_do_not_run():
    named = Named("first")
    named.extend([1.0, 2.0])
    leaves, treedef = flatten(named)
    assert leaves == [1.0, 2.0, "first"]
    rebuilt = treedef.rebuild([3.0, 4.0, "second"])
    assert type(rebuilt) is Named
    assert rebuilt == [3.0, 4.0]
    assert rebuilt.label == "second"
    assert describe(treedef) == "Named([*, *], label=*)"

    loud = flatten(Loud(a=1.0))[1].rebuild([2.0])
    assert type(loud) is Loud
    assert dict.__getitem__(loud, "a") == 2.0
    quiet = flatten(LoudList([1.0]))[1].rebuild([2.0])
    assert type(quiet) is LoudList
    assert quiet[0] == 2.0
    assert flatten(Counter("aab"))[1].rebuild([5, 6]) == Counter(a=5, b=6)

    triple = namedtuple("triple", "p q r")(1.0, 2.0, 3.0)
    assert flatten(triple)[1].rebuild([4.0, 5.0, 6.0]).r == 6.0


def test_defaultdict_keeps_its_factory():
    tree = defaultdict(lambda: 3.0, a=1.0)
    leaves, treedef = flatten(tree)
    assert treedef.rebuild(leaves)["missing"] == 3.0
    assert treedef != flatten(defaultdict(int, a=1.0))[1]


def test_a_type_that_lies_about_its_class_is_judged_by_its_type():
    class Traced:
        __class__ = property(lambda self: list)

    assert flatten(Traced())[1] is LEAF


def test_types_are_part_of_the_structure():
    structures = [flatten(tree)[1] for tree in (
        [1.0, 2.0], (1.0, 2.0), Point(1.0, 2.0), Frozen(1.0, 2.0), Slotted(1.0, 2.0), {"a": 1.0, "b": 2.0},
        OrderedDict(a=1.0, b=2.0), SimpleNamespace(a=1.0, b=2.0), [1.0], [[1.0, 2.0]], [1.0, None],
    )]  # fmt: skip
    assert len(set(structures)) == len(structures)


def test_is_leaf_stops_the_walk():
    tree = [(1, 2), [(3, 4)], None]
    leaves, treedef = flatten(tree, is_leaf=lambda value: isinstance(value, tuple) or value is None)
    assert leaves == [(1, 2), (3, 4), None]
    assert describe(treedef) == "[*, [*], *]"


def test_cycles_are_refused_with_their_path():
    inner: dict[str, Any] = {"k": 1.0}
    inner["me"] = [2.0, inner]
    with pytest.raises(InputError, match=r"params holds a dict that contains itself, at params\['a'\]\['me'\]\[1\]"):
        flatten({"a": inner}, name="params")
    layer = Layer(1.0)
    layer.bias = layer
    with pytest.raises(InputError, match=r"a Layer that contains itself, at the argument\.bias"):
        flatten(layer)
    first: list[Any] = []
    second = [first]
    first += [1.0, second]
    with pytest.raises(InputError, match="contains itself"):
        flatten([0.0, (first, second)])


@pytest.mark.parametrize("depth", [200, 5000])
def test_deep_nesting_is_a_clear_error(depth):
    tree: Any = 1.0
    for _ in range(depth):
        tree = [tree]
    with pytest.raises(InputError, match="nested more than 150 containers deep"):
        flatten(tree)


def test_the_deepest_allowed_nesting_works():
    tree: Any = 1.0
    for _ in range(150):
        tree = [tree]
    leaves, treedef = flatten(tree)
    assert treedef == flatten(treedef.rebuild(leaves))[1]
    assert treedef.paths() == ["[0]" * 150]
    with pytest.raises(InputError):
        flatten([tree])


def test_one_container_twice_is_no_cycle():
    shared = [1.0]
    leaves, treedef = flatten([shared, shared])
    assert leaves == [1.0, 1.0]
    assert treedef.rebuild([2.0, 3.0]) == [[2.0], [3.0]]


def test_rebuild_counts_its_leaves():
    treedef = flatten({"a": 1.0, "b": 2.0})[1]
    with pytest.raises(InputError, match=r"given 1 leaves for \{'a': \*, 'b': \*\}\. It has 2\."):
        treedef.rebuild([1.0])
    with pytest.raises(InputError, match="given 2 leaves"):
        LEAF.rebuild([1.0, 2.0])


def test_map_structure_names_the_first_place_that_differs():
    with pytest.raises(InputError, match=r"differ at tree\['a'\]\[1\]: \* in tree 1, \[\*\] in tree 3"):
        map_structure(max, {"a": [1.0, 2.0]}, {"a": [1.0, 2.0]}, {"a": [1.0, [2.0]]})
    with pytest.raises(InputError, match=r"differ at tree: .*b.* in tree 1, .*c.* in tree 2"):
        map_structure(max, {"b": 1.0}, {"c": 1.0})
    with pytest.raises(InputError, match=r"differ at tree: .*int.* in tree 1, .*list.* in tree 2"):
        map_structure(max, defaultdict(int, a=1.0), defaultdict(list, a=1.0))
    assert map_structure(lambda a, b, c: a + b + c, (1, [2]), (10, [20]), (100, [200])) == (111, [222])


def test_treedef_holds_no_values():
    class Held:
        pass

    held = Held()
    watch = weakref.ref(held)
    treedef = flatten([held, {"a": held}, Frozen(held, held)])[1]
    del held
    gc.collect()
    assert watch() is None
    assert treedef.num_leaves == 4


class OwnDictionary(dict):
    def __init__(self, **entries):
        super().__init__(**entries)
        self.__dict__ = self


def test_a_dictionary_that_holds_its_own_attributes_is_one_and_not_two() -> None:
    settings = OwnDictionary(w=2.0, v=3.0)
    found = gw.grad(lambda p: p.w**2 * p["v"] + p.v, pure=False)(settings)
    assert found == {"w": 12.0, "v": 5.0}
    assert vars(found) is found
    assert gw.jacobian(lambda p: p.w * p["w"])(settings) == {"w": 4.0, "v": 0.0}
    leaves, treedef = flatten(settings)
    assert leaves == [3.0, 2.0]
    assert treedef == flatten(OwnDictionary(w=0.0, v=1.0))[1]
