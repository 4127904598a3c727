"""The hooks by the names that ``rewriting.py`` gives them, and the entrance: ``watched(function)``."""

from __future__ import annotations

import functools
import os
import types
from typing import Any

import numpy as np

from gradwise.tracing.instrument import (
    attributes,
    bytecode,
    caught,
    comparing,
    ending,
    holding,
    identity,
    items,
    known,
    objects,
    operations,
    statements,
    taking,
)
from gradwise.tracing.instrument.both_ways import aside, branches, classes, harmless, shielding, turns
from gradwise.tracing.instrument.callees import method, resolve
from gradwise.tracing.instrument.compiling import HOOKS, instrumented
from gradwise.tracing.instrument.deleting import Place
from gradwise.tracing.instrument.needs import (
    are_plain,
    asks_for_attributes,
    changes_in_place,
    holds_arrays,
    holds_numbers_of_python,
    protocols_suffice,
)
from gradwise.tracing.instrument.state import Watch, left, local
from gradwise.tracing.instrument.userland import is_derived, is_users_file
from gradwise.tracing.text import joined

HOOKS.update(
    resolve=resolve,
    method=method,
    load=objects.load,
    place=Place,
    reading=items.reading,
    writing=items.writing,
    iterate=items.iterate,
    own=taking.own,
    delegate=items.delegate,
    managed=items.managed,
    bare=items.bare,
    caught=caught.caught,
    assigns=statements.assigns,
    joined=joined,
    defined=statements.defined,
    defining=statements.defining,
    imported=statements.imported,
    fresh=statements.fresh,
    fresh_each=statements.fresh_each,
    begun=operations.begun,
    begun_attribute=operations.begun_attribute,
    alone=holding.alone,
    owned=holding.owned,
    augmented=holding.augmented,
    held_attribute=holding.held_attribute,
    held_item=holding.held_item,
    held_items=holding.held_items,
    held_method=holding.held_method,
    held_by_name=holding.held_by_name,
    kept_by=holding.kept_by,
    received=holding.received,
    contains=comparing.contains,
    same=identity.same,
    true=comparing.true,
    branch=branches.branch,
    either=branches.either,
    store=branches.store,
    placed=branches.placed,
    shielded=shielding.shielded,
    shielding=shielding.shielding,
    turns=turns.turns,
    turning=turns.turning,
    inverted=turns.inverted,
    added=aside.added,
    scalar=aside.scalar,
    entering=aside.entering,
    callee=harmless.callee,
    owner=harmless.owner,
    asked=classes.asked,
    exact=classes.exact,
    plus=classes.plus,
    locals=locals,
    slice=slice,
    Exception=Exception,
    **comparing.COMPARISONS,
    **operations.BINARY,
    **operations.IN_PLACE,
    **operations.UNARY,
    **bytecode.OWN_HOOKS,
)

known.TABLES.insert(0, attributes.BUILTINS)
for _name, _ours in attributes.OBJECT_METHODS.items():
    known.KNOWN[id(getattr(object, _name))] = _ours


def enabled() -> bool:
    """Whether user functions are rewritten: unless ``GRADWISE_REWRITE=0`` is set."""
    return os.environ.get("GRADWISE_REWRITE", "1") != "0"


def watched(function: Any) -> Any:
    """What runs in place of a function that is to be traced: its instrumented twin, unless NumPy's protocols show all that it does with its arguments."""
    if not enabled():
        return function
    known.refresh()
    kind = type(function)
    if kind is types.FunctionType:
        if not is_users_file(function.__code__.co_filename):
            return known.KNOWN.get(id(function), function)
        if local.both_ways is None and not local.buffers and protocols_suffice(function):
            return functools.partial(_unless_objects, function)
    elif kind is np.ufunc or kind is types.BuiltinFunctionType or kind is type(np.sum):
        otherwise = _resolved if kind is np.ufunc else _unless_lists
        return known.KNOWN.get(id(function)) or functools.partial(otherwise, function)
    elif is_derived(function):
        return function
    return functools.partial(_resolved, function)


def _unless_objects(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """The function as it stands, unless an argument brings code of its own, is an array from which it may make one that it changes in place, or a number that lacks attributes which are asked for."""
    values = (*args, *kwargs.values())
    if (
        are_plain(values)
        and not (changes_in_place(function) and holds_arrays(values))
        and not (asks_for_attributes(function) and holds_numbers_of_python(values))
    ):
        return function(*args, **kwargs)
    return resolve(function)(*args, **kwargs)


def _unless_lists(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """A function of NumPy as it stands, whose protocols do not see what is in a list."""
    if any([type(a) is list or type(a) is tuple for a in (*args, *kwargs.values())]):
        return resolve(function)(*args, **kwargs)
    return function(*args, **kwargs)


def _resolved(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    return resolve(function)(*args, **kwargs)


def leave(watch: Watch) -> None:
    """End a traced run."""
    left(watch, ending.sweep)


__all__ = ["enabled", "instrumented", "leave", "watched"]
