"""Signatures of callables, with their annotations left alone.

From Python 3.14 on annotations are evaluated when they are asked for.  They may name what is there for type checkers only, and nothing here needs them.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

if sys.version_info >= (3, 14):
    import annotationlib

    def signature_of(function: Any) -> inspect.Signature:
        """``inspect.signature``; annotations are the text that was written."""
        return inspect.signature(function, annotation_format=annotationlib.Format.STRING)

else:

    def signature_of(function: Any) -> inspect.Signature:
        """``inspect.signature``; annotations are as Python keeps them."""
        return inspect.signature(function)
