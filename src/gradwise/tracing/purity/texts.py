"""Texts of which only the beginning and the end are known, since a number is put into them: ``f"term_{k}"``, ``"term_%d" % k``, ``"term_" + str(k)``."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import certain_texts, text
from gradwise.tracing.purity.values import DATA, Constant, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def ends_of(value: Any) -> Pattern:
    """How a value begins and ends that is put into a text, or is joined to one."""
    if type(value) is Pattern:
        return value
    texts = certain_texts(value)
    if texts is None:
        return Pattern("", "")
    return Pattern(_beginning(texts), _beginning([t[::-1] for t in texts])[::-1])


def _beginning(texts: Iterable[str]) -> str:
    """What all texts begin with."""
    columns = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join([letters[0] for letters in columns])


def pattern(parts: Sequence[Any]) -> Any:
    """What is known of a text that is joined of several."""
    prefix = suffix = ""
    for part in parts:
        prefix += ends_of(part).prefix
        if certain_texts(part) is None or len(certain_texts(part) or ()) > 1:
            break
    for part in reversed(parts):
        suffix = ends_of(part).suffix + suffix
        if certain_texts(part) is None or len(certain_texts(part) or ()) > 1:
            break
    return Pattern(prefix, suffix) if prefix or suffix else DATA


def formatted(template: str) -> Any:
    """What is known of ``template % values``."""
    if "%%" in template or "%" not in template:
        return DATA
    after = _CONVERSION.match(template, template.rindex("%"))
    return pattern(
        [Constant(template[: template.index("%")]), DATA, Constant(template[after.end() :] if after else "")]
    )


#: methods of texts that give a text
_CHANGING = frozenset(
    ["lower", "upper", "title", "capitalize", "casefold", "swapcase", "strip", "lstrip", "rstrip", "replace", "removeprefix", "removesuffix"]
)  # fmt: skip


def changed_texts(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    """What ``text.lower()`` and its like give for known texts; None for anything else."""
    texts = certain_texts(value)
    if (
        texts is None
        or name not in _CHANGING
        or not all(type(a) is Constant and type(a.value) is str for a in arguments)
    ):
        return None
    try:
        return text(frozenset([getattr(t, name)(*[a.value for a in arguments]) for t in texts]))
    except TypeError:  # too many arguments, say, which raises there too
        return None


_CONVERSION = re.compile(r"%(?:\(\w*\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlL]?[a-zA-Z]")


def filled(template: str) -> Any:
    """What is known of ``template.format(...)``."""
    if "{{" in template or "}}" in template or "{" not in template:
        return DATA
    return pattern([Constant(template[: template.index("{")]), DATA, Constant(template[template.rindex("}") + 1 :])])
