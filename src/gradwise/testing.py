"""Assertions for test suites: a pytest user needs nothing else.

>>> import numpy as np
>>> import gradwise as gw
>>> gw.testing.assert_grad(lambda x: np.sum(x**3), np.ones(3), lambda x: 3 * x**2)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwise.checking import check_grad

__all__ = ["assert_grad"]


def assert_grad(f: Callable[..., Any], x: Any, grad: Any = None, **options: Any) -> None:
    r"""Raise AssertionError unless the claimed gradient of f at x passes `gradwise.check_grad`.

    .. math:: |g_i - \partial f/\partial x_i| \le \text{bound}_i \quad \text{for all } i

    Parameters
    ----------
    f : callable
        Returns one real number.
    x : array_like or container of arrays, or the tuple of all arguments of f
        Where to check.
    grad : callable or array_like, optional
        The claimed gradient; gradwise's own if omitted.
    **options
        As for `gradwise.check_grad`.

    Raises
    ------
    AssertionError
        With the report's text, which names the likely bug.
    InputError
        If f or grad cannot be called at x.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.testing.assert_grad(lambda x: np.sum(x**2), np.array([1.0, 2.0]), lambda x: x)
    Traceback (most recent call last):
        ...
    AssertionError: gradient check FAILED: 2 of 2 entries wrong ...
    """
    report = check_grad(f, x, grad, **options)
    if not report.passed:
        raise AssertionError(report.summary())
