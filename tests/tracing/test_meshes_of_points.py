"""Hulls, triangulations, Voronoi's cells and trees of traced points, and plain ones at traced points: normals, maps, corners and sparse distances raised, or lost their derivative."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial as sp
from closing import closes

import gradwise as gw

PLANE = np.array([[0.1, 0.2], [1.2, 0.1], [1.9, 0.9], [1.4, 1.8], [0.3, 1.5], [0.8, 0.8], [1.3, 1.1]])
SPACE = np.random.default_rng(3).uniform(0, 1, (7, 3))
ASKED = np.array([[0.713, 0.527], [1.139, 1.341]])


def plane(x):
    return x.reshape(-1, 2)


def space(x):
    return x.reshape(-1, 3)


def barycentric(mesh, x):
    place = int(mesh.find_simplex(x))
    return mesh.transform[place, :2] @ (x - mesh.transform[place, 2])


CASES = {
    "normals in the plane": (lambda x: sp.ConvexHull(plane(x)).equations, PLANE),
    "normals in space": (lambda x: sp.ConvexHull(space(x)).equations, SPACE),
    "maps of simplices": (lambda x: sp.Delaunay(plane(x)).transform, PLANE),
    "corners of cells": (lambda x: sp.Voronoi(plane(x)).vertices, PLANE),
    "corners of cells in space": (lambda x: 0.01 * sp.Voronoi(space(x)).vertices, SPACE),
    "coordinates by a plain mesh": (lambda x: barycentric(sp.Delaunay(PLANE), x), ASKED[0]),
    "coordinates by a traced mesh": (lambda x: barycentric(sp.Delaunay(plane(x)), ASKED[1]), PLANE),
    "city blocks": (lambda x: sp.KDTree(plane(x)).query(ASKED, k=2, p=1)[0], PLANE),
    "largest differences": (lambda x: sp.KDTree(PLANE).query(x.reshape(2, 2), p=np.inf)[0], ASKED),
    "cubes": (lambda x: sp.cKDTree(plane(x)).query(ASKED, k=3, p=3)[0], PLANE),
    "near enough": (
        lambda x: np.where(np.isfinite(d := sp.KDTree(plane(x)).query(ASKED, k=5, distance_upper_bound=0.8)[0]), d, 0.0),
        PLANE,
    ),
    "pairs of traced trees": (
        lambda x: sp.KDTree(plane(x)).sparse_distance_matrix(sp.KDTree(plane(x) ** 2), 0.9).toarray(), PLANE
    ),
    "pairs of one": (
        lambda x: sp.KDTree(PLANE).sparse_distance_matrix(sp.KDTree(x.reshape(2, 2)), 1.0, p=1, output_type="coo_matrix").sum(),
        ASKED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_against_differences(name) -> None:
    f, x = CASES[name]
    closes(f, x.ravel(), h=1e-5 if "cells" in name else 1e-4, rtol=1e-6, second="cells" not in name)


def test_curvature_of_a_corner() -> None:
    """The corner of three cells is the centre of their circle."""

    def centre(x):
        (a, b), (c, d), (e, f) = x.reshape(3, 2)
        s, t, u = a * a + b * b, c * c + d * d, e * e + f * f
        twice = 2 * (a * (d - f) + c * (f - b) + e * (b - d))
        return np.stack([s * (d - f) + t * (f - b) + u * (b - d), s * (e - c) + t * (a - e) + u * (c - a)]) / twice

    x = np.array([0.1, 0.2, 1.2, 0.1, 0.4, 1.3])
    for k in range(2):
        found = gw.hessian(lambda x, k=k: sp.Voronoi(plane(x)).vertices[0][k], method="exact")(x)
        np.testing.assert_allclose(found, gw.hessian(lambda x, k=k: centre(x)[k])(x), rtol=1e-9, atol=1e-9)


def test_points_that_do_not_determine_a_corner_raise() -> None:
    square = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 3.0, 3.1])
    with pytest.raises(gw.TracingError, match="general position"):
        gw.grad(lambda x: np.sum(sp.Voronoi(plane(x)).vertices), method="exact")(square)


def test_a_simplex_is_found_again_at_another_point() -> None:
    mesh = sp.Delaunay(PLANE)
    values = PLANE[:, 0] ** 2 + PLANE[:, 1]

    def f(x):
        place = int(mesh.find_simplex(x))
        first = mesh.transform[place, :2] @ (x - mesh.transform[place, 2])
        return np.concatenate([first, [1 - first.sum()]]) @ values[mesh.simplices[place]]

    gradient = gw.grad(f)
    for x in (*ASKED, *ASKED, ASKED[0]):
        expected = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(gradient(x), expected, rtol=1e-7)
