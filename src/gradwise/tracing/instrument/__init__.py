"""Private, instrumented copies of user functions: what NumPy's protocols do not show.

Start with ``rewriting.py`` (what the copy of a function looks like) and ``callees.py`` (what it calls).  A user function is found in its source by its code object (``source.py``), rewritten
(``rewriting.py``) and compiled under its own file name and line numbers (``compiling.py``); the copy, a *twin*, runs with the real globals, closure cells, defaults and self:

    f(a)             →  resolve(f)(a)              a stand-in, the twin of a user function, or f itself
    obj.m(a)         →  method(obj, "m")(a)
    obj.name         →  load(obj, "name")          the overlay of the trace first
    obj.name = v     →  place(obj)["name"] = v     traced values into the overlay, plain ones into the object
    a[i], a + b, …   →  item(a, i), add(a, b), …   for objects whose class is the user's

Nothing of the user's is changed: the hooks are constants of the twin's code, found through no name.  They do nothing where no trace is open in the thread, so a twin that outlives its
trace (a generator, a callback) behaves as the original.  Nested functions keep their own code and become twins when they are called.

``GRADWISE_REWRITE=0`` in the environment turns all of this off.
"""
