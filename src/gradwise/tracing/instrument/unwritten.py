"""Files while runs are silent: what such a run writes is kept in memory, where the same run and those that follow it find it.

    with unwritten():                     # in this thread; nothing is replaced
        standing_for(open)("k.json", "w").write("{}")   # nothing is written
        standing_for(open)("k.json").read()             # "{}"
        standing_for(open)("table.csv").read()          # what is there

Instrumented code calls what stands for ``open`` and for the functions of ``os`` that open, find, move and remove files; the functions of Python's libraries that do so for it (``pathlib``, ``os.path``, ``configparser``)
are instrumented too while a run is silent.  What would have to be done outside (a file descriptor, a link, a lock) raises ``Unmuted``; files that compiled code or another library opens by itself are not seen.

``open`` itself was replaced for that time at first, which other threads see, and who compares identities.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from typing import Any

from gradwise.tracing.instrument.state import local


class Unmuted(Exception):
    """Something that a run does outside and that cannot be left undone."""


#: the content of a folder that was made
_FOLDER = b"/"


class Unwritten:
    """What silent runs of a thread wrote.

    Attributes
    ----------
    content : dict
        By path, the bytes; None where a file was removed.
    own : list
        Objects that write to these files and do not tell to which.
    runs : int
        How many runs there were, for whom it matters.
    asked : dict
        By path, in which run it was asked for; None where it was in several.
    """

    __slots__ = ("asked", "content", "own", "runs")

    def __init__(self) -> None:
        self.content: dict[str, bytes | None] = {}
        self.own: list[Any] = []
        self.runs = 0
        self.asked: dict[str, int | None] = {}

    def ask(self, place: str) -> None:
        """Note that a run asks for a file."""
        if self.asked.setdefault(place, self.runs) != self.runs:
            self.asked[place] = None

    def is_own(self, obj: Any) -> bool:
        """Whether an object writes to one of these files."""
        return any(obj is made for made in self.own)

    def hide(self) -> None:
        """As if nobody had ever written the files to which something was written, and those for which one run asked only: their names come of its arguments."""
        self.content = dict.fromkeys([*self.content, *(place for place, run in self.asked.items() if run is not None)])


class Kept(io.BytesIO):
    """The bytes of a file that was opened in a silent run; ``path``: where they are kept when it is closed."""

    def __init__(self, content: bytes, name: Any, mode: str, path: str | None) -> None:
        super().__init__(content)
        self.name, self.path = name, path
        self.mode = mode  # type: ignore[misc]  # as that of files, which BytesIO has not got
        self.readable_too = path is None or "+" in mode
        if mode.startswith("a"):
            self.seek(0, io.SEEK_END)

    def readable(self) -> bool:
        """As a file of its mode."""
        return self.readable_too

    def writable(self) -> bool:
        """As a file of its mode."""
        return self.path is not None

    def fileno(self) -> int:
        """It has none."""
        raise Unmuted(f"it asks for the descriptor of {self.name!r}")

    def write(self, data: Any) -> int:
        """As into a file: at its end where it was opened so, and not where it is only read."""
        if self.path is None:
            raise io.UnsupportedOperation("not writable")
        if self.mode.startswith("a"):
            self.seek(0, io.SEEK_END)
        return super().write(data)

    def flush(self) -> None:
        """Keep what was written."""
        if self.path is not None and local.files is not None and not self.closed:
            local.files.content[self.path] = self.getvalue()

    def close(self) -> None:
        """Keep what was written."""
        self.flush()
        super().close()


class KeptText(io.TextIOWrapper):
    """The same of text."""


def _place(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - links are not followed, and nothing of `pathlib` is asked while it is replaced


def _missing(path: Any, number: int = errno.ENOENT) -> OSError:
    return OSError(number, os.strerror(number), path)


def _content(path: Any) -> bytes:
    """What a silent run reads from a file."""
    place, files = _place(path), local.files
    files.ask(place)
    if place in files.content:
        content = files.content[place]
        if content is None:
            raise _missing(path)
        return content
    with _true["open"](path, "rb") as file:
        return bytes(file.read())


def _open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    if local.files is None:
        return _true["open"](file, mode, buffering, encoding, errors, newline, closefd, opener)
    if isinstance(file, int) or opener is not None:
        raise Unmuted(f"it opens {file!r}")
    path = None
    if set(mode) & set("wax+"):
        path = _place(file)
        there = _exists(path)
        if "x" in mode and there:
            raise _missing(file, errno.EEXIST)
        _require_folder(path, file)
    content = b"" if path is not None and ("w" in mode or not ("r" in mode or there)) else _content(file)
    kept = Kept(content, file, mode, path)
    kept.flush()
    if "b" in mode:
        return kept
    return KeptText(kept, encoding or "utf-8", errors, newline, write_through=True)


def _exists(place: str) -> bool:
    try:
        _stat(place)
    except OSError:
        return False
    return True


def _require_folder(place: str, path: Any) -> None:
    folder = os.path.dirname(place)  # noqa: PTH120 - as above
    if local.files.content.get(folder) != _FOLDER and not stat.S_ISDIR(_true["stat"](folder).st_mode):
        raise _missing(path)


def _stat(path: Any, *args: Any, **kwargs: Any) -> Any:
    files = local.files
    if files is not None and not isinstance(path, int):
        place = _place(path)
        files.ask(place)
        if place in files.content:
            content = files.content[place]
            if content is None:
                raise _missing(path)
            kind = stat.S_IFDIR | 0o755 if content == _FOLDER else stat.S_IFREG | 0o644
            return os.stat_result((kind, 0, 0, 1, 0, 0, len(content), 0, 0, 0))
    return _true["stat"](path, *args, **kwargs)


def _access(path: Any, mode: int, *args: Any, **kwargs: Any) -> bool:
    files = local.files
    if files is not None and files.content and not isinstance(path, int) and _place(path) in files.content:
        return files.content[_place(path)] is not None
    return bool(_true["access"](path, mode, *args, **kwargs))


def _mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
    if local.files is None:
        _true["mkdir"](path, *args, **kwargs)
        return
    place = _place(path)
    if _exists(place):
        raise _missing(path, errno.EEXIST)
    _require_folder(place, path)
    local.files.content[place] = _FOLDER


def _removing(name: str) -> Any:
    def remove(path: Any, *args: Any, **kwargs: Any) -> None:
        if local.files is None:
            _true[name](path, *args, **kwargs)
            return
        if not _exists(_place(path)):
            raise _missing(path)
        local.files.content[_place(path)] = None

    return remove


def _moving(name: str) -> Any:
    def move(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
        if local.files is None:
            _true[name](source, target, *args, **kwargs)
            return
        content = _content(source)
        local.files.content[_place(source)] = None
        local.files.content[_place(target)] = content

    return move


def _listing(name: str) -> Any:
    def entries(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        files = local.files
        if files is not None and files.content:
            folder = _place(path)
            if any(folder in (place, os.path.dirname(place)) for place in files.content):  # noqa: PTH120 - as above
                raise Unmuted(f"it lists {path!r}")
        return _true[name](path, *args, **kwargs)

    return entries


def _refused(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        if local.files is not None:
            raise Unmuted(f"it calls os.{name}")
        return _true[name](*args, **kwargs)

    return refuse


_REFUSED = (
    *("chmod", "chown", "fork", "ftruncate", "kill", "link", "mkfifo", "pipe", "popen", "posix_spawn", "rmdir"),
    *("symlink", "system", "truncate", "utime"),
)
_OURS: dict[str, Any] = {
    "open": _open,
    "stat": _stat,
    "lstat": _stat,
    "access": _access,
    "mkdir": _mkdir,
    **{name: _removing(name) for name in ("remove", "unlink")},
    **{name: _moving(name) for name in ("rename", "replace")},
    **{name: _listing(name) for name in ("listdir", "scandir")},
    **{name: _refused(name) for name in _REFUSED if hasattr(os, name)},
}


def _os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
    if local.files is not None:
        raise Unmuted(f"it opens {path!r}")
    return int(_true["os.open"](path, flags, *args, **kwargs))


#: the true functions
_true: dict[str, Any] = {
    "open": builtins.open,
    "os.open": os.open,
    **{name: getattr(os, name) for name in _OURS if name != "open"},
}
_STANDING = {id(_true[name]): ours for name, ours in _OURS.items()} | {id(os.open): _os_open}


def standing_for(callee: Any) -> Any:
    """What instrumented code calls in place of a function that opens, finds, moves or removes files while runs are silent; None for any other."""
    return _STANDING.get(id(callee)) if local.files is not None else None


#: modules of Python whose functions open, find, move or remove files for those who call them
_LIBRARIES = frozenset({"configparser", "genericpath", "glob", "ntpath", "os", "pathlib", "posixpath", "shutil"})


def is_looked_into(function: Any) -> bool:
    """Whether a library's function is instrumented while runs are silent, because it may open files."""
    if local.files is None:
        return False
    return str(function.__globals__.get("__name__")).partition(".")[0] in _LIBRARIES


@contextlib.contextmanager
def unwritten() -> Iterator[None]:
    """Within it, instrumented runs of this thread write no files."""
    around, local.files = local.files, Unwritten()
    try:
        yield
    finally:
        local.files = around
