"""Stand-ins: what instrumented code calls where NumPy's protocols do not reach.

``math.exp(x)``, ``float(x)``, ``np.zeros(n)``, ``np.array([a, b])`` and SciPy's functions written in Python neither ask their argument nor leave a trace.  The copy of a user's function
(``instrument/``) calls a stand-in for them, found by the identity of the function that it stands for.  A stand-in has that function's signature and exceptions, and calls it where nothing
is traced; else its result has the value that the function computes, bit for bit where that is one function of Python's, and is traced.

Start with ``recording.py`` (what they share), then ``real_functions.py``.  One file is one family with its table:

- ``STAND_INS``: module name → attribute name → stand-in;
- ``METHODS``: type → method name → function of the object and the arguments, for methods of plain objects that are given traced values;
- ``LATE_METHODS``: module name → a function that gives such a table once the module is loaded;
- ``BY_IDENTITY``: pairs of a callee that is no attribute of a module, and its stand-in.

Never import operators here, nor ``instrument.callees``, which asks for these tables: what a stand-in calls back goes through ``recording.resolve``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.standins import (
    arrays,
    buffers,
    callbacks,
    calling,
    complex_functions,
    context_variables,
    dense_solutions,
    executors,
    frames,
    going_over,
    identities,
    iteration,
    labelled,
    masked_tables,
    matrices,
    normal_distribution,
    number_arrays,
    number_types,
    old_polynomials,
    opened,
    operator_functions,
    operator_mixin,
    orders,
    plain_arrays,
    polynomial_functions,
    polynomial_series,
    random_draws,
    real_functions,
    records,
    sample_statistics,
    scipy_boundary_values,
    scipy_bounded_distributions,
    scipy_choices,
    scipy_constraints,
    scipy_densities,
    scipy_descriptive,
    scipy_distances,
    scipy_distributions,
    scipy_double_exponential,
    scipy_elementwise_optima,
    scipy_factorizations,
    scipy_fitted_splines,
    scipy_forms,
    scipy_functions,
    scipy_graphs,
    scipy_grids,
    scipy_hypotheses,
    scipy_image_points,
    scipy_integrals,
    scipy_interpolation,
    scipy_least_squares,
    scipy_linear_maps,
    scipy_linear_programs,
    scipy_mathieu,
    scipy_matrix_functions,
    scipy_minima,
    scipy_moments,
    scipy_more_distributions,
    scipy_more_minima,
    scipy_noncentral_distributions,
    scipy_odeint,
    scipy_odes,
    scipy_of_data,
    scipy_points,
    scipy_power_transforms,
    scipy_quadrature,
    scipy_radial,
    scipy_repeated_integrals,
    scipy_roots,
    scipy_rotations,
    scipy_signals,
    scipy_slerp,
    scipy_spectra,
    scipy_spline_coefficients,
    scipy_spline_data,
    scipy_systems,
    sparse_methods,
    sparse_operators,
    sparse_solvers,
    stores,
    strided,
    subclass_arrays,
    text,
    traversal,
    ufunc_calls,
    unbound_methods,
    users_numbers,
)
from gradwise.tracing.standins.calling import numpy_function, vectorized_call
from gradwise.tracing.standins.text import format_percent

if TYPE_CHECKING:
    from collections.abc import Callable

_FAMILIES: tuple[Any, ...] = (
    real_functions,
    complex_functions,
    number_types,
    number_arrays,
    identities,
    iteration,
    going_over,
    operator_functions,
    operator_mixin,
    orders,
    context_variables,
    executors,
    buffers,
    calling,
    arrays,
    calling,
    traversal,
    plain_arrays,
    polynomial_series,
    polynomial_functions,
    old_polynomials,
    stores,
    text,
    callbacks,
    sample_statistics,
    random_draws,
    scipy_systems,
    scipy_factorizations,
    scipy_forms,
    scipy_distances,
    scipy_integrals,
    scipy_interpolation,
    scipy_spline_data,
    scipy_spline_coefficients,
    scipy_fitted_splines,
    scipy_grids,
    scipy_odeint,
    scipy_odes,
    dense_solutions,
    scipy_boundary_values,
    scipy_quadrature,
    scipy_repeated_integrals,
    scipy_double_exponential,
    scipy_elementwise_optima,
    scipy_roots,
    scipy_constraints,
    scipy_minima,
    scipy_least_squares,
    scipy_more_minima,
    scipy_linear_programs,
    scipy_rotations,
    scipy_slerp,
    scipy_signals,
    scipy_linear_maps,
    scipy_image_points,
    scipy_matrix_functions,
    scipy_densities,
    scipy_descriptive,
    scipy_hypotheses,
    scipy_power_transforms,
    scipy_distributions,
    scipy_more_distributions,
    scipy_noncentral_distributions,
    scipy_bounded_distributions,
    scipy_functions,
    scipy_mathieu,
    labelled,
    frames,
    normal_distribution,
    matrices,
    masked_tables,
    records,
    sparse_methods,
    sparse_operators,
    sparse_solvers,
    scipy_graphs,
    strided,
    ufunc_calls,
    unbound_methods,
    users_numbers,
    scipy_choices,
    scipy_points,
    scipy_of_data,
    scipy_radial,
    scipy_moments,
    scipy_spectra,
    opened,
    subclass_arrays,  # last: it stands before others
)

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {}
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {}
BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = []
for _family in _FAMILIES:
    for _module, _names in getattr(_family, "STAND_INS", {}).items():
        STAND_INS.setdefault(_module, {}).update(_names)
    for _type, _names in getattr(_family, "METHODS", {}).items():
        METHODS.setdefault(_type, {}).update(_names)
    LATE_METHODS.update(getattr(_family, "LATE_METHODS", {}))
    BY_IDENTITY.extend(getattr(_family, "BY_IDENTITY", []))

__all__ = [
    "BY_IDENTITY",
    "LATE_METHODS",
    "METHODS",
    "STAND_INS",
    "format_percent",
    "numpy_function",
    "vectorized_call",
]
