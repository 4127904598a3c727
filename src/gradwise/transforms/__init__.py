"""From program to program.

``templates.py`` finds the derivative of one equation from its rule (start there); ``forward.py`` and ``reverse.py`` string them together into
the pushforward and the pullback of a program; ``batch.py`` adds a batch axis; ``simplify.py`` removes what is computed twice or not needed.

Never import tracing, execution or operators here.
"""
