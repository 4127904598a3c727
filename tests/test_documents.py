"""Every Python block of the README and the documentation runs, and what it prints is what the page says.

A page is one script: its blocks run in order in one namespace.  A block fenced as ``output`` right after a Python block
is compared with what that printed.  A block that starts with ``>>>`` is a doctest.  A block fenced as
``python needs torch`` is skipped, with the rest of its page, where the package is absent.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import itertools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
MADE_BY_THE_BUILD = {"_build", "gallery"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
PAGES = [page for page in PAGES if MADE_BY_THE_BUILD.isdisjoint(page.parts)]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
LOOSELY = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# Written when the documentation is built, by the script of the same name.
GALLERY_PICTURE = re.compile(r"docs/gallery/images/sphx_glr_(\w+)_001\.png")
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


class Block(NamedTuple):
    source: str
    line: int  # of its first line in the page
    needs: tuple[str, ...]
    output: str | None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(text))
    blocks = []
    for fence, following in itertools.zip_longest(fences, fences[1:]):
        words = fence["info"].split()
        if words[:1] != ["python"]:
            continue
        output = None
        if following is not None and following["info"].strip() == "output":
            assert not text[fence.end() : following.start()].strip(), "an output block stands right after its code"
            output = following["body"]
        needs = tuple(words[2:]) if words[1:2] == ["needs"] else ()
        blocks.append(Block(fence["body"], text.count("\n", 0, fence.start("body")) + 1, needs, output))
    return blocks


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=lambda page: page.stem)
def test_blocks_run_and_print_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    namespace: dict[str, object] = {"__name__": "__page__"}
    for block in blocks_of(page):
        for name in block.needs:
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"{name} is not installed")
        place = f"{page.relative_to(ROOT)}:{block.line}"
        if block.source.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block.source, namespace, place, str(page), block.line)
            result = doctest.DocTestRunner(optionflags=LOOSELY).run(test, clear_globs=False)
            assert result.failed == 0, place
            namespace = test.globs
            continue
        # Blank lines above give every frame the page's own line number.
        code = compile("\n" * (block.line - 1) + block.source, str(page), "exec", dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        if block.output is not None:
            same = doctest.OutputChecker().check_output(block.output, printed.getvalue(), LOOSELY)
            assert same, f"{place} prints\n{printed.getvalue()}\nand the page says\n{block.output}"


def test_the_pages_have_blocks_to_run():
    assert sum(len(blocks_of(page)) for page in PAGES) > 120
    assert sum(block.output is not None for page in PAGES for block in blocks_of(page)) > 90


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for target in LINK.findall(CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))):
        place = (page.parent / target).resolve()
        if (picture := GALLERY_PICTURE.fullmatch(place.relative_to(ROOT).as_posix())) is not None:
            place = ROOT / "examples" / f"{picture[1]}.py"
        elif place == ROOT / "docs" / "gallery" / "index.rst":
            place = ROOT / "examples" / "GALLERY_HEADER.rst"
        assert place.exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_every_output_stands_after_its_code():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        outputs = sum(fence["info"].strip() == "output" for fence in FENCE.finditer(text))
        assert outputs == sum(block.output is not None for block in blocks_of(page)), page.relative_to(ROOT)
        assert not any(block.output == "" for block in blocks_of(page)), page.relative_to(ROOT)


def test_each_problem_has_a_solution():
    pages = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if page.name != "index.md":
            problems = re.findall(r"^\*\*(\d)\.\*\* ", text.split("\n## Problems\n")[1], re.MULTILINE)
            assert [int(number) for number in problems] == [*range(1, len(problems) + 1)], page.name
            assert len(problems) >= 2, page.name
            assert text.count(":::{admonition} Solution\n:collapsible: closed\n") == len(problems), page.name


def test_every_page_is_in_the_table_of_contents():
    for page in PAGES:
        if not page.is_relative_to(ROOT / "docs") or page == ROOT / "docs" / "index.md":
            continue
        index = page.parent / "index.md"
        if page.name == "index.md":
            index = page.parent.parent / "index.md"
        entry = page.relative_to(index.parent).with_suffix("").as_posix()
        assert entry in index.read_text(encoding="utf-8").splitlines(), f"{page.relative_to(ROOT)} is in no toctree"
