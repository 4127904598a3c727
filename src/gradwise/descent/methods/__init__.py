"""The methods, one file each: ``init`` makes the state, ``step`` moves the point.

`protocol` says what a method is; `gd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` are given a rate; `automatic`, `armijo`, `wolfe` and
`adaptive` are gradient descent that finds its own; `newton` (with `trust_region`) and `natural` take another direction.  To add a method: one file, one row below.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from gradwise.descent.methods.adagrad import Adagrad
from gradwise.descent.methods.adam import Adam
from gradwise.descent.methods.adaptive import Adaptive
from gradwise.descent.methods.armijo import Armijo
from gradwise.descent.methods.automatic import Automatic
from gradwise.descent.methods.gd import GradientDescent
from gradwise.descent.methods.momentum import Momentum
from gradwise.descent.methods.natural import Natural
from gradwise.descent.methods.nesterov import Nesterov
from gradwise.descent.methods.newton import Newton
from gradwise.descent.methods.protocol import Failed, Found, Method, Search
from gradwise.descent.methods.rmsprop import RMSProp
from gradwise.descent.methods.wolfe import StrongWolfe
from gradwise.errors import InputError

METHODS: dict[str, type[Method] | type[Search]] = {
    kind.name: kind for kind in (GradientDescent, Momentum, Nesterov, Adagrad, RMSProp, Adam, Newton, Natural)
}
#: gradient descent that finds its own rate, by the word given as learning_rate
SEARCHES: dict[str, type[Search]] = {"auto": Automatic, "armijo": Armijo, "wolfe": StrongWolfe, "adaptive": Adaptive}


#: what other packages call the arguments of gw.descend
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "learning_rate": ("lr", "eta", "alpha", "step_size", "stepsize", "rate", "step", "lrate"),
    "maxiter": (
        "max_iter",
        "iterations",
        "n_iter",
        "niter",
        "steps",
        "epochs",
        "num_steps",
        "n_steps",
        "max_iterations",
        "max_steps",
    ),
    "tol": ("tolerance", "gtol", "gradient_tolerance", "epsilon"),
    "beta": ("momentum", "mu"),
    "clip_norm": ("max_norm", "clip"),
    "grad": ("gradient", "fprime", "df"),
    "data": ("batches", "loader", "dataloader"),
    "rng": ("seed", "random_state"),
}


def closest(word: object, known: Iterable[str]) -> str:
    """``Did you mean 'adam'? ``, or nothing where no name is near.

    Examples
    --------
    >>> closest("adma", ["gd", "adam"]), closest(3, ["gd"])
    ("Did you mean 'adam'? ", '')
    """
    near = difflib.get_close_matches(word.lower(), list(known), 1) if isinstance(word, str) else []
    return f"Did you mean {near[0]!r}? " if near else ""


def make_method(name: Any, learning_rate: Any, options: dict[str, Any]) -> Method | Search:
    """The method of that name, with its options.

    Raises
    ------
    InputError
        If there is no such method, option, or word for the learning rate.
    """
    if isinstance(name, Method | Search):
        return name
    if isinstance(name, int | float):
        msg = f"method={name!r} is a number. The name of a method is required. Write learning_rate={name!r} if that is what it is."
        raise InputError(msg)
    name = name.lower() if isinstance(name, str) else name
    if not isinstance(name, str) or name not in METHODS:
        msg = f"method={name!r} is not known. One of {', '.join(map(repr, METHODS))} is required. {closest(name, METHODS)}gw.minimize offers SciPy's methods."
        raise InputError(msg)
    kind: Any = METHODS[name]
    if isinstance(learning_rate, str):
        words = [*SEARCHES] if name == "gd" else ["auto"]
        if learning_rate not in words:
            msg = (
                f"learning_rate={learning_rate!r} is not known for method={name!r}. A number, a function of the step, or one of "
                f"{', '.join(map(repr, words))} is required. Write for example learning_rate=0.01."
            )
            raise InputError(msg)
        if name == "gd":
            kind = SEARCHES[learning_rate]
    known = [] if kind.__init__ is object.__init__ else list(inspect.signature(kind).parameters)
    unknown = [key for key in options if key not in known]
    if unknown:
        takes = f"The options of this method are {', '.join(known)}" if known else "This method has no options"
        right_names = [*known, *(right for right in _OTHER_NAMES if right != "beta")]  # those of descend itself
        meant = next((right for right in right_names if unknown[0].lower() in _OTHER_NAMES.get(right, ())), "")
        cure = (
            f"Did you mean {meant}=?"
            if meant
            else "Write method='momentum' and beta=0.9."
            if unknown[0] == "momentum"
            else closest(unknown[0], right_names) or f"Leave {unknown[0]} out."
        )
        msg = f"method={name!r} was given the option {unknown[0]}={options[unknown[0]]!r}. {takes}. {cure.strip()}"
        raise InputError(msg)
    if kind is Newton and not isinstance(learning_rate, str):  # a rate is the first step of a line search
        options = {"strategy": "cholesky", **options}
        if options["strategy"] != "cholesky":
            msg = (
                f"method='newton' was given learning_rate={learning_rate!r} with strategy={options['strategy']!r}, whose steps have no rate. "
                f"learning_rate='auto' is required. Leave learning_rate out, or take strategy='cholesky'."
            )
            raise InputError(msg)
    return kind(**options)


__all__ = ["METHODS", "SEARCHES", "Failed", "Found", "Method", "Search", "make_method"]
