"""What the pages point to is there: files, headings, modules, make's targets; and their site."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", ".github/**/*.md", "edge_runtime/bundled/*.md")
    for path in ROOT.glob(pattern)
)
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
CODE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", CODE.sub("", text), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        same = sum(1 for one in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", one))
        found.add(f"{slug}-{same}" if same else slug)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links to no file, or to no heading of a page."""
    broken = []
    for link in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_leads_somewhere(page: str) -> None:
    assert broken_links(ROOT / page, TEXTS[page]) == []


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One `two`: (three)\n\n# Same\n\n# Same\n")
    text = (
        "[a](other.md#one-two-three) [b](other.md#same-1) [c](#here) [d](https://example.org/no)\n"
        "# Here\n[e](no.md) [f](other.md#no) [g](#nowhere)\n```\n[h](code.md)\n```\n"
    )
    (tmp_path / "page.md").write_text(text)
    assert broken_links(tmp_path / "page.md", text) == ["no.md", "other.md#no", "#nowhere"]


@pytest.mark.parametrize("page", [page for page in TEXTS if page != "CHANGELOG.md"])
def test_every_module_and_target_that_a_page_names_can_be_run(page: str) -> None:
    modules = set(re.findall(r"python3? -m (benchmarks[\w.]*\w)", TEXTS[page]))
    for module in modules:
        spec = importlib.util.find_spec(module)
        assert spec is not None, module
        if spec.submodule_search_locations:
            assert importlib.util.find_spec(f"{module}.__main__"), module
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = "\n".join([*CODE.findall(TEXTS[page]), *re.findall(r"`([^`\n]+)`", TEXTS[page])])
    targets = set(re.findall(r"^make ([a-z][\w-]*)", code, re.M))
    phony = {
        target for line in re.findall(r"^\.PHONY:(.*)$", makefile, re.M) for target in line.split()
    }
    assert targets <= phony


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*.html")}
    assert {"index.html", "reference/cli.html", "project/TINY_CARD.html"} <= pages.keys()
    for name, path in pages.items():
        html = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]* src=\"?([^\s\">]+)", html)
        loaded += re.findall(
            r"<link[^>]* rel=\"?(?:stylesheet|icon)[^>]* href=\"?([^\s\">]+)", html
        )
        assert loaded, name
        assert [link for link in loaded if "//" in link] == [], name
