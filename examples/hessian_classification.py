"""A bowl, a hill and a saddle told apart by the eigenvalues of their Hessians."""

import numpy as np

import gradwise as gw

SURFACES = {
    "bowl    x² + xy + y²": lambda v: v[0] ** 2 + v[0] * v[1] + v[1] ** 2,
    "hill    −x² − 2y²": lambda v: -(v[0] ** 2) - 2 * v[1] ** 2,
    "saddle  x² − y²": lambda v: v[0] ** 2 - v[1] ** 2,
    "trough  (x − y)²": lambda v: (v[0] - v[1]) ** 2,
}


def verdict(eigenvalues):
    margin = 1e-12 * np.abs(eigenvalues).max()
    if np.any(np.abs(eigenvalues) <= margin):
        return "undecided: an eigenvalue is 0"
    if np.all(eigenvalues > 0):
        return "minimum"
    return "maximum" if np.all(eigenvalues < 0) else "saddle"


def main():
    results = {}
    for name, surface in SURFACES.items():
        origin = np.zeros(2)
        hessian = gw.hessian(surface)(origin)
        eigenvalues = np.linalg.eigvalsh(hessian)
        results[name.split()[0]] = (gw.grad(surface)(origin), hessian, eigenvalues, verdict(eigenvalues))
        print(f"{name:<22} eigenvalues {eigenvalues.round(12) + 0.0}: {verdict(eigenvalues)}")
    return results


if __name__ == "__main__":
    main()
