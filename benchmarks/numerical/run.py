"""Compare numerical differentiators on the fixed battery and on random cases; write JSON and a page of tables.

python benchmarks/numerical/run.py --seed 20 --count 2000              # prints
python benchmarks/numerical/run.py --seed 20 --count 2000 --write      # also writes results.json and the page
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from collections import Counter
from pathlib import Path

import numpy as np
from cases import CASES, Case
from generator import generate
from tools import TOOLS, Answer, ask_all

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "numerical_accuracy.md"
ACCURATE = ("smooth", "scaled", "composed")  # kinds of the accuracy goal
BROKEN = ("kink", "jump", "infinite")


def digits(answer: Answer, truth: float) -> float:
    error = abs(answer.value - truth)
    if not math.isfinite(error):
        return 0.0
    if error == 0:
        return 17.0
    return min(17.0, max(0.0, -math.log10(error / (abs(truth) or 1.0))))


def covered(answer: Answer, truth: float) -> bool | None:
    if answer.bound is None or not math.isfinite(answer.value):
        return None
    return abs(answer.value - truth) <= answer.bound


def silent(answer: Answer, truth: float) -> bool:
    """More than 1 % wrong, and neither a flag nor the tool's own bound says so."""
    error = abs(answer.value - truth)
    if not math.isfinite(answer.value) or answer.flagged or error <= 0.01 * abs(truth) + 1e-290:
        return False
    # a derivative of zero, found to be below anything the function's rounding lets one see, is right
    if truth == 0.0 and error < 1e-12:
        return False
    return answer.bound is None or answer.bound < error


def flags_break(answer: Answer, truth: tuple[float, float] | None) -> bool:
    """A tool without statuses counts as flagging when its bound is a tenth of the answer or more, or it has no answer."""
    if answer.flagged or not math.isfinite(answer.value):
        return True
    size = max(abs(answer.value), 0.0 if truth is None else abs(truth[0] - truth[1]))
    return answer.bound is not None and answer.bound >= 0.1 * size


def summary(name: str, cases: list[Case], answers: list[Answer]) -> dict:
    smooth = [(c, a) for c, a in zip(cases, answers) if isinstance(c.truth, float)]
    accurate = [(c, a) for c, a in smooth if c.kind in ACCURATE]
    broken = [(c, a) for c, a in zip(cases, answers) if c.kind in BROKEN]
    answered = [(c, a) for c, a in smooth if math.isfinite(a.value)]
    bounded = [(c, a) for c, a in answered if a.bound is not None]
    loose = [
        a.bound / max(abs(a.value - c.truth), 2.0**-54 * abs(c.truth), 1e-300)
        for c, a in bounded
        if math.isfinite(a.bound)
    ]
    evaluations = [a.evaluations for _, a in accurate]
    return {
        "tool": name,
        "cases": len(cases),
        "answered": len(answered) / max(1, len(smooth)),
        "digits": float(np.median([digits(a, c.truth) for c, a in accurate])),
        "digits_low": float(np.percentile([digits(a, c.truth) for c, a in accurate], 10)),
        "evaluations": float(np.median(evaluations)),
        "evaluations_90": float(np.percentile(evaluations, 90)),
        "coverage": float(np.mean([covered(a, c.truth) for c, a in bounded])) if bounded else None,
        "looseness": float(np.median(loose)) if loose else None,
        "silent": float(np.mean([silent(a, c.truth) for c, a in smooth])),
        "flagged": float(np.mean([flags_break(a, c.truth) for c, a in broken])) if broken else None,
        "microseconds": float(np.median([a.seconds for a in answers]) * 1e6),
    }


def by_kind(cases: list[Case], answers: list[Answer]) -> dict:
    table = {}
    for kind in dict.fromkeys(c.kind for c in cases):
        pairs = [(c, a) for c, a in zip(cases, answers) if c.kind == kind]
        smooth = [(c, a) for c, a in pairs if isinstance(c.truth, float)]
        known = [covered(a, c.truth) for c, a in smooth]
        table[kind] = {
            "cases": len(pairs),
            "digits": float(np.median([digits(a, c.truth) for c, a in smooth])) if smooth else None,
            "evaluations": float(np.median([a.evaluations for _, a in pairs])),
            "evaluations_max": max(a.evaluations for _, a in pairs),
            "coverage": float(np.mean([k for k in known if k is not None]))
            if any(k is not None for k in known)
            else None,
            "overhead": float(np.median([a.overhead for _, a in pairs]) * 1e6),
            "statuses": dict(Counter(a.status for _, a in pairs)),
        }
    return table


def hindsight(case: Case) -> float:
    """Error of the best central difference: the smallest, over steps, of the median error of five neighbouring steps."""
    steps = abs(case.x) * np.logspace(-13, 0, 66)
    errors = []
    for h in steps:
        try:
            errors.append(abs((case.f(case.x + h) - case.f(case.x - h)) / (2 * h) - case.truth))
        except (ArithmeticError, ValueError):
            errors.append(math.inf)
    return float(min(np.median(errors[k - 2 : k + 3]) for k in range(2, len(errors) - 2)))


def overhead_report(answers: list[Answer]) -> dict:
    micro = np.array([a.overhead for a in answers]) * 1e6
    return {
        "median": float(np.median(micro)),
        "90 %": float(np.percentile(micro, 90)),
        "99 %": float(np.percentile(micro, 99)),
    }


def noise_report(cases: list[Case], answers: list[Answer]) -> dict:
    pairs = [(c, a) for c, a in zip(cases, answers) if c.kind == "noisy"]
    ratios = np.array([a.noise / c.sigma for c, a in pairs])
    errors = np.array([abs(a.value - c.truth) for c, a in pairs])
    best = np.array([hindsight(c) for c, _ in pairs])
    evaluations = np.array([a.evaluations for _, a in pairs])
    return {
        "cases": len(pairs),
        "level within a factor 3": float(np.mean((ratios > 1 / 3) & (ratios < 3))),
        "error at most 10 x the best central difference": float(np.mean(errors <= 10 * best)),
        "error below the best central difference": float(np.mean(errors <= best)),
        "evaluations, median": float(np.median(evaluations)),
        "evaluations, most": int(evaluations.max()),
    }


def compare(cases: list[Case], names: list[str]) -> tuple[list[dict], dict[str, list[Answer]]]:
    answers = {name: ask_all(name, cases) for name in names}
    return [summary(name, cases, answers[name]) for name in names], answers


def show(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def markdown(rows: list[dict]) -> str:
    head = (
        "| tool | answers | digits, median | digits, 10 % | evaluations, median | 90 % | bound covers | looseness, median "
        "| silently > 1 % wrong | kinks, jumps, infinite slopes flagged | time |\n" + "|---" * 11 + "|\n"
    )
    return head + "".join(
        f"| {r['tool']} | {r['answered']:.1%} | {r['digits']:.1f} | {r['digits_low']:.1f} | {r['evaluations']:.0f} "
        f"| {r['evaluations_90']:.0f} | {show(r['coverage'], '.2%')} | {show(r['looseness'], '.2g')} | {r['silent']:.2%} "
        f"| {show(r['flagged'], '.1%')} | {r['microseconds']:.0f} µs |\n"
        for r in rows
    )


def kinds_markdown(table: dict) -> str:
    head = (
        "| kind | cases | digits, median | evaluations, median | most | bound covers | time beside f, median | statuses |\n"
        + "|---" * 8
        + "|\n"
    )
    return head + "".join(
        f"| {kind} | {r['cases']} | {show(r['digits'], '.1f')} | {r['evaluations']:.0f} | {r['evaluations_max']} "
        f"| {show(r['coverage'], '.2%')} | {r['overhead']:.0f} µs | {', '.join(f'{k} {v}' for k, v in sorted(r['statuses'].items()))} |\n"
        for kind, r in table.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    random_cases = generate(arguments.count, arguments.seed)
    report: dict = {
        "seed": arguments.seed, "python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine(),
    }  # fmt: skip
    for title, cases in (("fixed", CASES), ("random", random_cases)):
        rows, answers = compare(cases, arguments.tools)
        report[title] = {"tools": rows}
        print(f"\n## {title}: {len(cases)} cases\n\n{markdown(rows)}")
        for name in ("gradwise", "gradwise, real only"):
            if name in answers:
                report[title][name] = by_kind(cases, answers[name])
                report[title][f"noise, {name}"] = noise_report(cases, answers[name])
                report[title][f"overhead, {name}"] = overhead_report(answers[name])
                print(f"### {name}\n\n{kinds_markdown(report[title][name])}")
                print(report[title][f"noise, {name}"], report[title][f"overhead, {name}"])
                for case, answer in zip(cases, answers[name]):
                    if isinstance(case.truth, float) and (
                        covered(answer, case.truth) is False or silent(answer, case.truth)
                    ):
                        print(f"outside the bound: {case.name} {answer.status} error {abs(answer.value - case.truth):.1e}"
                              f" bound {answer.bound:.1e} value {answer.value:.6g}")  # fmt: skip
    if arguments.write:
        (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
        PAGE.write_text(page(report))


def page(report: dict) -> str:
    fixed, random = report["fixed"], report["random"]
    noise = random["noise, gradwise"]
    noise_lines = "".join(
        f"| {key} | {value:.1%} |\n" if 0 < value <= 1 and "evaluations" not in key else f"| {key} | {value:.0f} |\n"
        for key, value in noise.items()
    )
    overhead_lines = "".join(
        "| {}, {} | {:.0f} | {:.0f} | {:.0f} |\n".format(title, name, *report[title][f"overhead, {name}"].values())
        for title in ("fixed", "random")
        for name in ("gradwise", "gradwise, real only")
    )
    return f"""# How accurate numerical derivatives are

Every number on this page is written by `benchmarks/numerical/run.py`; the data are in
`benchmarks/numerical/results.json` (Python {report["python"]}, NumPy {report["numpy"]}, {report["machine"]}).
The true derivatives come from mpmath with 40 digits or more. Peers are called with their defaults, on a function that
returns NaN where it would raise.

- *digits*: −log₁₀ of the relative error, on smooth, badly scaled and composed functions; no answer counts as 0.
- *bound covers*: how often the tool's own error bound contains the truth, on every case that has a derivative and an answer.
- *looseness*: bound divided by true error (or half a unit in the last place, if that is larger).
- *silently > 1 % wrong*: no flag, and no bound that would contain the truth.
- *time*: the median, with f's own; of every case the least of three.
- *flagged*: a status other than ok, a failure, no answer, or an error bound above a tenth of the answer.

## Fixed battery: {fixed["tools"][0]["cases"]} cases

Written by hand: ordinary functions, scales from 1e-150 to 1e10, domain edges with NaN or exceptions, oscillation,
cancellation, noise of known level, float32 inside, kinks, jumps of the curvature, jumps, infinite slopes, narrow peaks,
quantised outputs, functions constant around x.

{markdown(fixed["tools"])}
### Gradwise by kind

{kinds_markdown(fixed["gradwise"])}
## Random cases: {random["tools"][0]["cases"]}, seed {report["seed"]}

From `benchmarks/numerical/generator.py`, with a seed that was not used while the method was tuned.

{markdown(random["tools"])}
### Gradwise by kind

{kinds_markdown(random["gradwise"])}
### Gradwise by kind, where f does not take complex numbers

{kinds_markdown(random["gradwise, real only"])}
### Time beside the function's own

What a derivative takes in microseconds, less what its calls of f take by themselves; the least of three.

| | median | 90 % | 99 % |
|---|---|---|---|
{overhead_lines}
### Under noise

The level is not given to it. The best central difference is chosen in hindsight: the smallest, over all steps, of the median
error of five neighbouring steps.

| | |
|---|---|
{noise_lines}"""


if __name__ == "__main__":
    main()
