#!/usr/bin/env python3
"""Tests what can be tested of the documents: `python tests/documents_test.py`."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ERROR = re.compile(r'#\[error\(\s*"((?:[^"\\]|\\.)*)"', re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Where functions and the CLI have their errors.
PRODUCTION = ("functions", "shared", "cli")


def tracked(*patterns: str) -> list[Path]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).exists()]


def plain(message: str) -> str:
    """A message without what Markdown needs, its values next to each other as one."""
    message = message.replace("\\|", "|").replace("`", "")
    return re.sub(r"…(\s*…)*", "…", " ".join(message.split()))


def messages_of_code() -> dict[str, str]:
    found = {}
    for file in tracked(*(f"{folder}/*.rs" for folder in PRODUCTION)):
        if "tests" in file.relative_to(ROOT).parts:
            continue
        for literal in ERROR.findall(file.read_text()):
            text = re.sub(r"\\\n\s*", "", literal).replace('\\"', '"').replace("\\\\", "\\")
            pattern = re.sub(r"(?<!\{)\{(?!\{)[^{}]*\}", "…", text).replace("{{", "{").replace("}}", "}")
            found[plain(pattern)] = f"{file.relative_to(ROOT)}: {text}"
    return found


def messages_of_document() -> dict[str, str]:
    errors, _, _ = (ROOT / "docs/errors.md").read_text().partition("## What is no error")
    rows = (line for line in errors.splitlines() if line.startswith("| "))
    cells = (re.split(r"(?<!\\)\|", row)[1].strip() for row in rows)
    return {plain(cell): cell for cell in cells if cell.startswith("`")}


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.M)
    texts = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


class Documents(unittest.TestCase):
    def test_every_error_of_the_code_has_its_row(self) -> None:
        rows = messages_of_document()
        missing = [where for message, where in messages_of_code().items() if message not in rows]
        self.assertEqual(missing, [], "docs/errors.md lacks these")

    def test_every_row_is_an_error_of_the_code(self) -> None:
        code = messages_of_code()
        unknown = [row for message, row in messages_of_document().items() if message not in code]
        self.assertEqual(unknown, [], "no #[error] says this any more")

    def test_links_lead_somewhere(self) -> None:
        for document in tracked("*.md"):
            for link in LINK.findall(document.read_text()):
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = (document.parent / path).resolve() if path else document
                self.assertTrue(target.exists(), f"{document.relative_to(ROOT)}: {link}")
                if anchor and target.suffix == ".md":
                    self.assertIn(anchor, anchors(target), f"{document.relative_to(ROOT)}: {link}")

    def test_documents_that_everybody_reads_stay_short(self) -> None:
        for name, words in (("README.md", 1200), ("ARCHITECTURE.md", 3500)):
            self.assertLessEqual(len((ROOT / name).read_text().split()), words, name)

    def test_invariants_name_tests_that_exist(self) -> None:
        code = "\n".join(file.read_text() for file in tracked("*.rs", "*.py"))
        named = re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){4,})`", (ROOT / "ARCHITECTURE.md").read_text())
        self.assertEqual([name for name in named if name not in code], [])


if __name__ == "__main__":
    unittest.main()
