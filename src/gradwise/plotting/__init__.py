"""Arrays in, Axes out: the only room that imports matplotlib.

One file for each kind of picture, each with a function ``(data, ax=None, …) -> Axes``; the arrays are computed elsewhere, mostly in
``gradwise.geometry``.  ``canvas.py`` makes new axes and holds the colours; `gradwise.plot` names the pictures for users without importing
anything before it is asked.

A picture changes the axes that it was given and nothing else: no ``plt.show()``, no rcParams, no current figure.
"""

try:
    import matplotlib as mpl  # noqa: F401 - before any file of this room, so that its absence is told once and well
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise ImportError(
        "a picture was asked for and matplotlib is not installed. It is an optional package. Write: pip install gradwise[plot]"
    ) from None
