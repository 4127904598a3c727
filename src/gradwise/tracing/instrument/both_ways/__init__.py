"""Runs that go both ways at branches which follow the data, so that one program holds for all paths (``operators/reuse/merging.py`` says when).

``if_conversion.py`` (start there) writes the text of such runs, by what ``statements.py`` knows of statements.  That text calls ``branches.py`` (two branches on the same names), ``turns.py`` (loops that the data end),
``merged_values.py`` (one value for two), ``shielding.py`` (operations that fail where their branch is not taken), ``aside.py`` (the run itself, and what is asked in a branch that is not taken) and ``harmless.py`` (what may be called there).
"""
