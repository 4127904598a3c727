"""
The natural gradient against the ordinary one
=============================================

Fitting a normal distribution with mean μ and deviation σ. The natural gradient is F⁻¹∇f with the Fisher matrix F, the
expected Hessian of −ln p, here diag(1/σ², 2/σ²); Gauss–Hermite quadrature takes the expectation, exactly.
"""

import sys

import numpy as np

import gradwise as gw

samples = np.random.default_rng(0).normal(5.0, 0.1, size=1000)
LEVELS = [-1.6, -1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.2, 2, 4, 8, 16, 32, 64]


def minus_log_density(parameters, x):
    mean, deviation = parameters
    return 0.5 * ((x - mean) / deviation) ** 2 + np.log(deviation)


def loss(parameters):
    return np.mean(minus_log_density(parameters, samples))


def fisher(parameters):
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    at = parameters[0] + parameters[1] * nodes
    hessians = [gw.hessian(minus_log_density)(parameters, x) for x in at]
    return sum(w * h for w, h in zip(weights, hessians)) / weights.sum()


def main():
    start, best = np.array([4.0, 2.0]), np.array([samples.mean(), samples.std()])
    gradient, F = gw.grad(loss)(start), fisher(start)
    natural = np.linalg.solve(F, gradient)
    print(f"at μ = 4, σ = 2: gradient {gradient.round(6)}, natural {natural.round(6)}, Fisher {F.round(12).tolist()}")
    paths = {}
    for name, rate, metric in (("ordinary", 0.001, lambda p: np.eye(2)), ("natural", 0.5, fisher)):
        path = [start]
        while np.abs(path[-1] - best).max() > 1e-6 and len(path) <= 20000:
            path.append(path[-1] - rate * np.linalg.solve(metric(path[-1]), gw.grad(loss)(path[-1])))
        paths[name] = np.array(path)
        print(f"{name} gradient, rate {rate}: {len(path) - 1} steps to the maximum of the likelihood")
    return {"gradient": gradient, "natural": natural, "fisher": F, "samples": samples, "paths": paths}


def draw(results):
    ax = gw.plot.contour(loss, (3.7, 5.6), (0.05, 2.3), arrows=False, levels=LEVELS)
    for (name, path), style in zip(results["paths"].items(), ("-", "o-")):
        ax.plot(*path.T, style, markersize=4, label=f"{name}: {len(path) - 1} steps")
    ax.set(xlabel="mean μ", ylabel="deviation σ", ylim=(0.05, 2.3), title="mean of −ln p", aspect="auto")
    ax.legend()
    return ax.figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "natural_gradient.png")
