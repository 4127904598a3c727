"""The backward passes of PyTorch and JAX against their forward passes."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 0.5, -1.2])


@pytest.fixture
def functions():
    import torch

    class Right(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.exp(x) * x

        @staticmethod
        def backward(ctx, bar):
            (x,) = ctx.saved_tensors
            return bar * torch.exp(x) * (1 + x)

    class Doubled(Right):
        @staticmethod
        def backward(ctx, bar):
            (x,) = ctx.saved_tensors
            return 2 * bar * torch.exp(x) * (1 + x)

    return torch, Right, Doubled


@pytest.mark.extras("torch")
def test_autograd_functions(functions):
    torch, right, doubled = functions
    for x in (torch.tensor(X), torch.tensor(X, dtype=torch.float32), X):
        assert gw.check_grad(right, x).passed
        assert gw.check_grad(right.apply, x).passed
        assert gw.check_grad(doubled, x).causes[0] == "extra factor 2"


@pytest.mark.extras("torch")
def test_modules_with_their_parameters(functions):
    torch, _, doubled = functions
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    report = gw.check_grad(net, torch.randn(5, 3))
    assert report.passed
    assert set(report.verdicts) == {"input 0", "0.weight", "0.bias", "2.weight", "2.bias"}
    assert net[0].weight.dtype == torch.float32  # the module itself is left as it was

    class Broken(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 2)
            self.second = torch.nn.Linear(2, 2)

        def forward(self, x):
            return self.second(doubled.apply(self.first(x)))

    report = gw.check_grad(Broken(), torch.randn(5, 3))
    assert not report.passed
    assert "a block wrong" in report.causes
    assert set(report.verdicts["second.weight"].ravel()) == {"agrees"}


@pytest.mark.extras("torch")
def test_a_function_of_tensors_with_a_claimed_gradient(functions):
    torch = functions[0]
    x = torch.tensor(X)
    assert gw.check_grad(lambda x: torch.sum(torch.sin(x)), x, torch.cos).passed
    assert gw.check_grad(lambda x: torch.sum(torch.sin(x)), x, lambda x: -torch.cos(x)).causes[0] == "sign flip"
    assert gw.check_grad(lambda x, y: torch.sum(x * y), (x, x), lambda x, y: (y, x)).passed


@pytest.mark.extras("jax")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_custom_vjp():
    import jax
    from jax import numpy as jnp

    def make(sign):
        @jax.custom_vjp
        def f(x, y):
            return jnp.sin(x) * y

        f.defvjp(
            lambda x, y: (f(x, y), (x, y)), lambda r, bar: (bar * jnp.cos(r[0]) * r[1], sign * bar * jnp.sin(r[0]))
        )
        return f

    x, y = jnp.array([0.3, 0.4]), jnp.array([1.0, 2.0])
    assert gw.check_grad(make(1.0), (x, y)).passed
    report = gw.check_grad(make(-1.0), (x, y))
    assert report.causes[0] == "a block wrong"
    assert "sign flip" in report.causes
    assert jnp.ones(1).dtype == jnp.float32  # the session's precision is left as it was


@pytest.mark.extras("jax")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_custom_jvp():
    import jax
    from jax import numpy as jnp

    def make(factor):
        @jax.custom_jvp
        def f(x):
            return jnp.log1p(jnp.exp(x))

        @f.defjvp
        def _(primals, tangents):
            (x,), (v,) = primals, tangents
            return f(x), factor * v / (1 + jnp.exp(-x))

        return f

    assert gw.check_grad(make(1.0), 0.5).passed
    assert gw.check_grad(make(1.0), X).passed
    assert gw.check_grad(make(0.5), X).causes[0] == "missing factor 2"


@pytest.mark.extras("jax")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_functions_of_jax_arrays():
    from jax import numpy as jnp

    assert gw.check_grad(lambda x: jnp.sum(jnp.sin(x)), jnp.array(X), jnp.cos).passed
    assert gw.check_grad(lambda x: jnp.sum(jnp.sin(x)), jnp.array(X)).passed
    # sin x is cos (x - π/2): found where JAX is quick enough
    wrong = gw.check_grad(lambda x: jnp.sum(jnp.sin(x)), jnp.array(X), jnp.sin)
    assert wrong.causes[0] in ("unknown", "evaluated at another point")


CHECKS = (gw.check_jacobian, gw.check_hessian, gw.check_jvp, gw.check_vjp)


@pytest.mark.extras("torch")
@pytest.mark.parametrize("check", CHECKS)
def test_other_checks_say_that_check_grad_runs_functions_of_pytorch(functions, check):
    torch, right, _ = functions
    for f, x, name in (
        (right, torch.tensor(X), "Right"),
        (right.apply, X, "Right.apply"),
        (torch.nn.Linear(3, 2), torch.randn(3), "Linear"),
        (torch.sin, torch.tensor(X), "x=Tensor"),
    ):
        with pytest.raises(gw.InputError, match=rf"{check.__name__} was given .*{name}.*gw\.check_grad\(f, x\)"):
            check(f, x)


@pytest.mark.extras("jax")
@pytest.mark.parametrize("check", CHECKS)
def test_other_checks_say_that_check_grad_compares_a_rule_of_jax(check):
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def rule(x):
        return jnp.sin(x)

    rule.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (2 * g * jnp.cos(x),))
    with pytest.raises(gw.InputError, match=r"f=rule, which carries a rule of JAX.*gw\.check_grad\(f, x\)"):
        check(rule, X)


def test_products_of_a_function_that_computes_in_single_precision() -> None:
    """A function of double precision arguments that is float32 inside, as JAX's are by default: its products are linear to that precision."""

    def f(x):
        y = np.asarray(x).astype(np.float32)
        return np.sum(np.sin(y) * y)

    def slope(x):
        y = np.asarray(x).astype(np.float32)
        return np.cos(y) * y + np.sin(y)

    x = np.array([1.0, 2.0, 3.0])
    assert gw.check_jvp(f, x, jvp=lambda x, v: np.sum(slope(x) * np.float32(v))).passed
    assert gw.check_vjp(f, x, vjp=lambda x, u: slope(x) * np.float32(u)).passed
    assert not gw.check_jvp(f, x, jvp=lambda x, v: np.sum(slope(x) * np.float32(v)) + 0.001 * np.max(v) ** 2).passed


@pytest.mark.extras("jax")
def test_products_of_a_plain_function_of_jax() -> None:
    jax = pytest.importorskip("jax")

    def f(x):
        return jax.numpy.sum(jax.numpy.sin(x) * x)

    x = np.array([1.0, 2.0, 3.0])
    assert gw.check_jvp(f, x).passed
    assert gw.check_vjp(f, x).passed
    assert gw.check_jvp(f, x, jvp=lambda x, v: jax.jvp(f, (jax.numpy.asarray(x),), (jax.numpy.asarray(v),))[1]).passed
