"""Random modules that keep state in every kind of place: value, gradient and what is kept afterwards are those of plain calls, one after the other.

``python tests/random_modules/test_random_modules.py 1000 1400`` judges the programs of other seeds, ``… 1000 1400 forward`` by another derivative.
"""

from __future__ import annotations

import sys

import pytest
from plain_replays import WAYS, NoProgram, judge

#: what is known to differ where a derivative is numerical (with its warning): a generator that others hold goes on, since nobody can put it back
_GOES_ON = ("fold", "ramped", "draws")


def _wrong(seed: int, way: str, calls: int = 5) -> list[str]:
    try:
        findings = judge(seed, way=way, calls=calls)
    except NoProgram as reason:
        pytest.skip(f"no program: {reason}")
    if "NumericalFallbackWarning" in findings.warned:
        return [line for line in findings.wrong if not any(f"STATE {name}" in line for name in _GOES_ON)]
    return findings.wrong


@pytest.mark.parametrize("seed", range(24))
def test_value_gradient_and_state_are_those_of_plain_calls(seed: int) -> None:
    assert _wrong(seed, "value_and_grad") == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24, 160))
def test_more_of_them(seed: int) -> None:
    assert _wrong(seed, "value_and_grad") == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["grad", "jacobian", "forward", "traced"])
@pytest.mark.parametrize("seed", range(160, 180))
def test_by_other_derivatives(seed: int, way: str) -> None:
    assert _wrong(seed, way, calls=3) == []


def main(first: int, last: int, way: str = "value_and_grad") -> None:
    """Print what the programs of some seeds show."""
    counts = {"right": 0, "wrong": 0, "no program": 0, "numerical": 0}
    for seed in range(first, last):
        try:
            findings = judge(seed, way=way)
        except NoProgram:
            counts["no program"] += 1
            continue
        counts["wrong" if findings.wrong else "right"] += 1
        counts["numerical"] += "NumericalFallbackWarning" in findings.warned
        if findings.wrong:
            print(seed, sorted(findings.warned), findings.wrong[:2], flush=True)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))


if __name__ == "__main__":
    way_asked = sys.argv[3] if len(sys.argv) > 3 else "value_and_grad"
    if way_asked not in WAYS:
        sys.exit(f"{way_asked!r} is no way of asking for a derivative; there are {', '.join(WAYS)}")
    main(int(sys.argv[1]), int(sys.argv[2]), way_asked)
