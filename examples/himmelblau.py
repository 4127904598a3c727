"""
All critical points of Himmelblau's function
============================================

(x² + y − 11)² + (x + y² − 7)² has four minima, all of value 0, one maximum and four saddles between them: nine critical points, and
interval arithmetic proves that there are no more. Three descents that start around the maximum end in three of the minima.
"""

import sys

from matplotlib.figure import Figure

import gradwise as gw


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def main():
    found = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)])
    print("        x           y           value   what it is")
    for point in found.points:
        print(f"{point.x[0]:12.8f} {point.x[1]:11.8f} {point.value:12.6f}   {point.kind}")
    print(found.headline())
    paths = {}
    for start in ((-0.27, -0.88), (-0.27, -0.95), (0.1, -0.85)):
        run = gw.descend(himmelblau, start, learning_rate=0.01, maxiter=400)
        paths[start] = run.trace.x
        print(f"descent from {start} ends at ({run.x[0]:.5f}, {run.x[1]:.5f})")
    return {"found": found, "paths": paths}


def draw(results):
    figure = Figure(figsize=(7, 5.6), layout="constrained")
    ax = figure.subplots()
    gw.plot.contour(himmelblau, (-5, 5), (-5, 5), ax=ax, arrows=11, critical_points=results["found"])
    for path in results["paths"].values():
        ax.plot(*path.T, color="C3", linewidth=2)
    ax.set(xlabel="x", ylabel="y", title="(x² + y − 11)² + (x + y² − 7)²")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "himmelblau.png")
