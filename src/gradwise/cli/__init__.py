"""The command line: ``gradwise grad model.py:loss --at '[1.0, 2.0]'``.

Start in ``commands.py``, the table of subcommands; a new one is a row there and a function ``(options) -> exit code``.
``loading.py`` finds the function that a command names, ``points.py`` and ``files.py`` read ``--at`` and ``--data``, ``calls.py`` puts them
together; ``derivatives.py``, ``checking.py``, ``formulas.py``, ``descending.py``, ``critical.py``, ``pictures.py`` and ``inspecting.py`` are the
commands; ``tables.py`` and ``printing.py`` write results, ``failures.py`` turns what goes wrong into one sentence and an exit code, ``demo/`` is the tour.

Exit codes: 0 done; 1 the function could not be differentiated, a check failed, a descent did not converge, or the user's own code raised; 2 the
command was wrong (no such file or function, a point that cannot be read).

``rich`` is imported here only, and only when something is coloured or drawn. Nothing else imports this room.
"""

from gradwise.cli.commands import main

__all__ = ["main"]
