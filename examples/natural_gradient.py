"""The natural gradient F⁻¹∇f against the ordinary one, fitting a normal distribution with mean μ and deviation σ.

F is the Fisher matrix, the expected Hessian of −ln p, here diag(1/σ², 2/σ²). The expectation is taken by Gauss–Hermite
quadrature, which is exact, because −ln p is a polynomial of second degree in the sample.
"""

import numpy as np

import gradwise as gw

samples = np.random.default_rng(0).normal(5.0, 0.1, size=1000)


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
    parameters = np.array([4.0, 2.0])
    gradient, F = gw.grad(loss)(parameters), fisher(parameters)
    natural = np.linalg.solve(F, gradient)
    print(f"at μ = 4, σ = 2: gradient {gradient.round(6)}, natural gradient {natural.round(6)}")
    print(f"Fisher matrix {F.round(12).tolist()}")
    best = np.array([samples.mean(), samples.std()])
    counts = {}
    for name, rate in {"ordinary": 0.001, "natural": 0.5}.items():
        p, step = parameters, 0
        while np.abs(p - best).max() > 1e-6 and step < 20000:
            slope = gw.grad(loss)(p)
            p = p - rate * (np.linalg.solve(fisher(p), slope) if name == "natural" else slope)
            step += 1
        counts[name] = step
        print(f"{name} gradient, rate {rate}: {step} steps to the maximum of the likelihood")
    return {"gradient": gradient, "natural": natural, "fisher": F, "counts": counts, "samples": samples}


if __name__ == "__main__":
    main()
