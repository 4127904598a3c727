"""Lanczos' method: its bounds against known spectra, its probabilities against frequencies, and classify for large points."""

import math

import numpy as np
import pytest
import scipy

import gradwise as gw
from gradwise.errors import InputError
from gradwise.geometry import extreme_eigenvalues, lanczos
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals, inertia, proved_lower_bound


def laplacian(n):
    """The second difference matrix, whose eigenvalues are 4 sin²(kπ/(2n + 2))."""
    return scipy.sparse.diags([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], [-1, 0, 1]).tocsc()


def laplacian_energy(x):
    return 0.5 * (np.sum((x[1:] - x[:-1]) ** 2) + x[0] ** 2 + x[-1] ** 2)


def smallest(n):
    return 4 * math.sin(math.pi / (2 * n + 2)) ** 2


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_n_steps_find_every_eigenvalue(n):
    A = laplacian(n).toarray()
    found = extreme_eigenvalues(lambda v: A @ v, n)
    true = 4 * np.sin(np.arange(1, n + 1) * np.pi / (2 * n + 2)) ** 2
    np.testing.assert_allclose(found.values, true, atol=1e-13)
    assert found.lower <= true[0] <= found.upper
    assert found.lower <= true[-1] <= found.upper
    assert found.probability == 1
    assert (found.negative, found.positive) == (0, n)


def test_each_residual_bounds_the_distance_to_an_eigenvalue():
    d = np.sort(np.random.default_rng(1).standard_normal(300))
    run = lanczos(lambda v: d * v, 300, 40, np.random.default_rng(2))
    distance = np.min(np.abs(run.values[:, None] - d[None, :]), axis=1)
    assert np.all(distance <= run.residuals)
    y = run.vector(0)
    assert np.linalg.norm(d * y - run.values[0] * y) <= run.residuals[0]
    assert run.orthogonality < 1e-13
    assert run.ghosts == 0


def test_ritz_values_lie_inside_and_the_bounds_outside():
    d = np.concatenate([[-5.0], np.linspace(0.0, 1.0, 998), [7.0]])
    for seed in range(20):
        found = extreme_eigenvalues(lambda v: d * v, 1000, np.random.default_rng(seed), steps=60)
        assert found.lower <= -5 <= found.smallest + 1e-12
        assert found.largest - 1e-12 <= 7 <= found.upper
        assert found.negative <= 1


def test_the_probability_is_not_exceeded_by_the_frequency_of_misses():
    n, steps, share = 200, 25, 0.05
    d = np.linspace(0.0, 1.0, n) ** 0.5
    runs = [
        extreme_eigenvalues(lambda v: d * v, n, np.random.default_rng(s), steps=steps, starts=1) for s in range(200)
    ]
    bound = 1.648 * math.sqrt(n) * math.exp(-math.sqrt(share) * (2 * steps - 1))
    missed = np.mean([run.largest < 1 - share for run in runs])
    assert missed <= bound
    assert all(run.probability_beyond(upper=1 + 1e-9) <= 1 for run in runs)


def test_no_probability_is_claimed_where_the_steps_do_not_suffice():
    d = np.linspace(1e-9, 1.0, 5000)
    found = extreme_eigenvalues(lambda v: d * v, 5000, steps=20)
    assert found.probability_beyond(lower=0.0) < 0.5
    assert found.lower < 0


def test_the_identity_closes_the_krylov_space_at_once():
    found = extreme_eigenvalues(lambda v: 3 * v, 5000)
    assert found.steps == [1, 1]
    assert found.lower <= 3 <= found.upper
    assert found.upper - found.lower < 1e-10


def test_products_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="finite"):
        extreme_eigenvalues(lambda v: v * np.nan, 3)
    with pytest.raises(InputError, match="n=0"):
        extreme_eigenvalues(lambda v: v, 0)


@pytest.mark.parametrize("n", [5, 60, 400])
@pytest.mark.parametrize("dense", [True, False])
def test_a_factorisation_proves_a_bound_below_the_smallest_eigenvalue(n, dense):
    A = laplacian(n).toarray() if dense else laplacian(n)
    bound = proved_lower_bound(A, 3 * smallest(n))  # a guess that is too large, as Ritz values are
    assert 0 < bound <= smallest(n) * (1 + 1e-12)


@pytest.mark.parametrize("dense", [True, False])
def test_no_factorisation_proves_an_indefinite_matrix_positive(dense):
    A = laplacian(50) - 2 * smallest(50) * scipy.sparse.identity(50)
    assert proved_lower_bound(A.toarray() if dense else A.tocsc(), 1e-3) is None


def test_the_hilbert_matrix_is_not_proved_beyond_rounding():
    """Its smallest eigenvalue for n = 14 is 9e-19·…, far below rounding (Todd 1954: κ grows as e^{3.5n})."""
    H = scipy.linalg.hilbert(14)
    values, intervals, _ = eigenvalue_intervals(H, np.finfo(float).eps * H)
    assert inertia(intervals)[2] > 0
    bound = proved_lower_bound(H, 1e-3)
    assert bound is None or bound <= 1e-17


@pytest.mark.slow
def test_a_large_minimum_has_a_probability_or_a_proof():
    n = 1500
    d = np.linspace(1.0, 50.0, n)
    likely = gw.classify(lambda x: np.sum(d * x**2), np.zeros(n))
    assert (likely.kind, likely.method) == ("minimum", "lanczos")
    assert 0.99 <= likely.probability < 1
    assert "probability" in repr(likely)
    proved = gw.classify(lambda x: np.sum(d * x**2), np.zeros(n), hess=scipy.sparse.diags(2 * d))
    assert (proved.kind, proved.probability) == ("minimum", 1.0)


@pytest.mark.slow
def test_an_ill_conditioned_minimum_is_undecided_until_the_matrix_is_given():
    n = 4000
    assert gw.classify(laplacian_energy, np.zeros(n)).kind == "undecided"
    report = gw.classify(laplacian_energy, np.zeros(n), hess=laplacian(n))
    assert report.kind == "minimum"
    assert np.all(report.intervals[:, 0] > 0)
    assert gw.classify(lambda x: -laplacian_energy(x), np.zeros(n), hess=-laplacian(n)).kind == "maximum"


def test_a_factorisation_of_the_hessian_that_was_formed_decides():
    n = 1100
    report = gw.classify(laplacian_energy, np.zeros(n))
    assert report.kind == "minimum"
    assert report.certainty.startswith("proved by a factorisation")
    assert 0 < report.intervals[0, 0] <= smallest(n) <= report.intervals[0, 1]


def test_one_negative_direction_in_thousands_is_found():
    n = 2000
    d = np.linspace(1.0, 2.0, n)
    d[1234] = -0.1
    report = gw.classify(lambda x: np.sum(d * x**2), np.zeros(n))
    assert report.kind == "saddle"
    assert report.index_bounds[0] == 1
    v = report.escape_direction
    assert v @ (d * v) < 0


def test_small_functions_by_lanczos_agree_with_the_dense_verdict():
    for f, kind in [
        (lambda x: np.sum(x**2), "minimum"),
        (lambda x: -np.sum(x**2), "maximum"),
        (lambda x: np.sum(x[:2] ** 2) - x[2] ** 2, "saddle"),
        (lambda x: np.sum(x**4), "degenerate"),
        (lambda x: np.sum(np.sin(x)), "not critical"),
    ]:
        assert gw.classify(f, np.zeros(3), method="lanczos").kind == gw.classify(f, np.zeros(3)).kind == kind


def test_a_wrong_hessian_is_refused():
    f = lambda x: np.sum(x**2)
    with pytest.raises(InputError, match="shape"):
        gw.classify(f, np.zeros(3), method="lanczos", hess=np.eye(2))
    with pytest.raises(InputError, match="symmetric"):
        gw.classify(f, np.zeros(3), method="lanczos", hess=np.triu(np.ones((3, 3))))
    with pytest.raises(InputError, match="differs"):
        gw.classify(f, np.zeros(3), method="lanczos", hess=np.eye(3))
