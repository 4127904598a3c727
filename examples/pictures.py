"""
The pictures of gw.plot
=======================

Twelve kinds on one page. Each is one call, on axes of your own or on a figure that it makes; each report also has ``.plot()``.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def f(x, y):
    return (x**2 - 1) ** 2 + 3 * (y - x / 2) ** 2


def wrong(v):  # the second entry should be twice as large
    return np.array([4 * v[0] * (v[0] ** 2 - 1) - 3 * (v[1] - v[0] / 2), 3 * (v[1] - v[0] / 2)])


def main():
    start = np.array([-0.3, 1.6])
    run = gw.descend(f, start, learning_rate=0.1)
    found = gw.critical_points(f, [(-2, 2), (-2, 2)])
    check = gw.check_grad(lambda v: f(v[0], v[1]), start, wrong)
    print(f"{found.headline()}\n{check.headline()}")
    print(f"descent: {run.nit} steps, factor {run.rate.factor:.4f} a step, by theory {run.rate.theory:.4f}")
    return {"run": run, "found": found, "check": check, "start": start}


def draw(results):
    run, start, limits = results["run"], results["start"], ((-1.8, 1.8), (-1.5, 1.9))
    figure = Figure(figsize=(14, 17.5), dpi=70, layout="constrained")
    axes = iter([figure.add_subplot(4, 3, k, projection={2: "3d", 4: "polar"}.get(k)) for k in range(1, 13)])
    gw.plot.contour(f, *limits, ax=next(axes), path=run.trace.x)
    gw.plot.surface(f, *limits, ax=next(axes), tangent_at=(0.4, 1.2))
    gw.plot.line_slice(f, start, np.array([1.0, -0.5]), limits=(-0.8, 2.2), ax=next(axes))
    gw.plot.rose(f, start, ax=next(axes))
    gw.plot.flow_lines(f, *limits, ax=next(axes))
    gw.plot.contour(f, *limits, ax=next(axes), arrows=False, critical_points=results["found"])
    gw.plot.convergence(run, ax=next(axes))
    gw.plot.step_sizes(run, ax=next(axes))
    gw.plot.v_curve(gw.numerical.derivative(np.sin, 1.0), ax=next(axes))
    gw.plot.verdicts(results["check"], ax=next(axes))
    gw.plot.matrix(gw.hessian(lambda x: np.prod(np.cos(x)))(np.linspace(0.2, 1.2, 5)), ax=next(axes))
    gw.plot.sparsity(gw.hessian(lambda x: np.sum((x[1:] - x[:-1]) ** 4))(np.arange(12.0) ** 2), ax=next(axes))
    names = "contour surface line_slice rose flow_lines critical_points convergence step_sizes v_curve verdicts matrix sparsity"
    for ax, name in zip([ax for ax in figure.axes if ax.get_label() != "<colorbar>"], names.split()):
        ax.set_title(f"gw.plot.{name}", fontsize="large", pad=12)
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "pictures.png")
