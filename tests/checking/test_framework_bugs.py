"""Bugs that only backward passes of frameworks have."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


def rule(torch, forward, backward):
    """An autograd function of one or more tensors."""

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *given):
            ctx.save_for_backward(*given)
            return forward(*given)

        @staticmethod
        def backward(ctx, bar):
            return backward(bar, *ctx.saved_tensors)

    return Rule


@pytest.mark.extras("torch")
def test_torch_rules():
    import torch

    x = torch.tensor([0.3, -0.5, 1.2])
    ignored = gw.check_grad(rule(torch, lambda x: x.exp(), lambda bar, x: x.exp()), x)
    assert ignored.causes == ["missing inner derivative"]
    assert "grad_output" in ignored.details["missing inner derivative"]
    nothing = gw.check_grad(rule(torch, lambda x: x.exp(), lambda bar, x: None), x)
    assert nothing.causes[0] == "detached (all zero)"

    def moving(x):
        value = x.exp()
        x.add_(1)
        return value

    moved = gw.check_grad(rule(torch, moving, lambda bar, x: bar * (x - 1).exp()), x)
    assert moved.causes == ["modifies its input"]
    with pytest.raises(gw.InputError, match=r"f\(x\) raised ZeroDivisionError"):
        gw.check_grad(rule(torch, lambda x: 1 / 0, lambda bar, x: bar), x)


@pytest.mark.extras("torch")
def test_torch_modules():
    import torch

    class Detached(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 2)

        def forward(self, x):
            return torch.tensor(np.tanh(self.layer(x).detach().numpy())).sum()

    assert gw.check_grad(Detached(), torch.randn(5, 3)).causes[0] == "detached (all zero)"
    embedding = gw.check_grad(torch.nn.Embedding(5, 3), torch.tensor([1, 2]))
    assert embedding.passed
    assert list(embedding.verdicts) == ["weight"] or np.size(embedding.verdicts) == 15


@pytest.mark.extras("jax")
def test_jax_rules():
    import jax
    import jax.numpy as jnp

    def custom(forward, backward):
        made = jax.custom_vjp(forward)
        made.defvjp(lambda *a: (forward(*a), a), lambda saved, bar: backward(bar, *saved))
        return made

    x = jnp.array([0.3, -0.5, 1.2])
    ignored = gw.check_grad(custom(jnp.exp, lambda bar, x: (jnp.exp(x),)), x)
    assert ignored.causes == ["missing inner derivative"]
    assert gw.check_grad(custom(jnp.exp, lambda bar, x: (bar * jnp.exp(x),)), x).passed
    with pytest.raises(gw.InputError, match=r"f\(x\) raised ZeroDivisionError"):
        gw.check_grad(custom(lambda x: 1 / 0, lambda bar, x: (bar,)), x)
