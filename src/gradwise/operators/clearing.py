"""What the operators remember from call to call, forgotten at once."""

from __future__ import annotations

from gradwise.operators.believed_programs import forget_believed
from gradwise.operators.caches import forget_derived
from gradwise.operators.constant_pieces import forget_pieces
from gradwise.operators.kinks import forget_kinks
from gradwise.operators.reuse.by_function import forget_shortcuts
from gradwise.operators.reuse.calls import forget_programs
from gradwise.tracing.instrument.compiling import clear_twins
from gradwise.tracing.purity import forget_verdicts
from gradwise.transforms.templates import clear_templates


def clear_caches() -> None:
    """Forget every derived program, the programs that stand for functions, what was found of their code, their instrumented copies, and which kinks were warned of.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.clear_caches()
    """
    forget_derived()
    forget_programs()
    forget_shortcuts()
    forget_pieces()
    forget_verdicts()
    forget_kinks()
    forget_believed()
    clear_templates()
    clear_twins()
