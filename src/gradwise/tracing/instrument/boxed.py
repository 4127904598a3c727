"""Functions of ``autograd.numpy`` and ``autograd.scipy``: NumPy's and SciPy's own, which code that was written for autograd calls under another name.

Each is a function of autograd's around the library's, which it calls at once where no argument is a box of autograd's.  So does what stands for it here, where the library's function has its rule.
A box is an argument within ``autograd.grad`` alone, and what is given one is autograd's matter.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

#: autograd's modules of which the Python code is looked into: functions made of others (``hstack``, ``norm.logpdf``)
LOOKED_INTO = ("numpy/__init__.py", "numpy/numpy_wrapper.py", "numpy/linalg.py", "numpy/fft.py", "scipy/")


def behind(function: types.FunctionType) -> Any:
    """The function that one of autograd's stands around; None if it is none of these.

    Examples
    --------
    >>> behind(lambda x: x) is None
    True
    """
    if _MARKS.isdisjoint(function.__dict__):
        return None
    code, cells = function.__code__, function.__closure__ or ()
    held = dict(zip(code.co_freevars, cells, strict=True))
    is_autograds = code.co_name == "f_wrapped" and code.co_filename.replace("\\", "/").endswith("autograd/tracer.py")
    return held["f_raw"].cell_contents if is_autograds and "f_raw" in held else None


#: what autograd writes at its functions: those that it differentiates, and those that have no derivative (``np.shape``)
_MARKS = frozenset(["_is_autograd_primitive", "_is_primitive"])


def unboxed(function: types.FunctionType, raw: Any, resolve: Callable[[Any], Any]) -> Callable[..., Any]:
    """What is called in place of a function of autograd's around ``raw``."""

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(_is_box, args)):
            return function(*args, **kwargs)
        kwargs.pop("called_by_autograd_dispatcher", None)
        return resolve(raw)(*args, **kwargs)

    return call


def _is_box(value: Any) -> bool:
    tracer: Any = sys.modules.get("autograd.tracer")
    return tracer is not None and isinstance(value, tracer.Box)
