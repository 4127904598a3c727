"""Arrays in, Axes out: the only room that imports matplotlib.

One file for each kind of picture, each with a function ``(data, ax=None) -> Axes``; the arrays are computed elsewhere.
"""
