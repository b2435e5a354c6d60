#!/usr/bin/env python3
"""Tests how errors name their causes: `python tests/errors_test.py`."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"^[ \t]*//.*$", re.M)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
# A name or a number in braces, but not in two of them.
PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)[^{}]*\}")
# What an `#[error]` is about: a struct or a variant, up to its fields.
OPENING = re.compile(r"(?:\s*#\[[^\]]*\])*\s*(?:(?:pub(?:\([^)]*\))? )?struct )?(\w+)\s*[({]")


def rust() -> dict[str, str]:
    """The code of each file, without comments; lines keep their numbers."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.rs"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in names.split("\0") if name and (ROOT / name).exists()]
    return {name: COMMENT.sub("", (ROOT / name).read_text()) for name in files}


def in_brackets(code: str, start: int) -> str:
    """What stands between the bracket at a place and the one that closes it."""
    depth, place = 0, start
    while place < len(code):
        if string := STRING.match(code, place):
            place = string.end()
            continue
        depth += (code[place] in "([{") - (code[place] in ")]}")
        if depth == 0:
            return code[start + 1 : place]
        place += 1
    raise ValueError(f"no end of {code[start : start + 80]}")


def fields(code: str) -> list[str]:
    """The fields of a variant or a struct, each with its attributes."""
    found, start = [], 0
    for comma in (match.start() for match in re.finditer(",", code)):
        field = code[start:comma]
        # A comma within a type, as in `Result<A, B>`, does not end a field.
        if field.count("<") == field.count(">") and field.count("(") == field.count(")"):
            found.append(field)
            start = comma + 1
    return [field.strip() for field in [*found, code[start:]] if field.strip()]


def source(code: str) -> str | None:
    """The name or the number of the field that thiserror takes for the source."""
    for number, field in enumerate(fields(code)):
        named = re.search(r"(\w+)\s*:(?!:)", field)
        name = named[1] if named else str(number)
        if name == "source" or re.search(r"#\[(source|from)\]", field):
            return name
    return None


def errors() -> list[tuple[str, str, str]]:
    """Where each error with fields is, what it says, and which of its fields is the source."""
    found = []
    for file, code in rust().items():
        for error in re.finditer(r"#\[error\(", code):
            message = in_brackets(code, error.end() - 1)
            end = error.end() + len(message) + len(")]")
            item = OPENING.match(code, end)
            cause = source(in_brackets(code, item.end() - 1)) if item else None
            if item and cause is not None:
                line = code.count("\n", 0, error.start()) + 1
                found.append((f"{file}:{line} ({item[1]})", message.strip(), cause))
    return found


class Errors(unittest.TestCase):
    def test_no_error_says_what_its_source_says(self) -> None:
        with_source = errors()
        self.assertGreater(len(with_source), 40)
        for where, message, cause in with_source:
            if message == "transparent":
                continue
            text = STRING.match(message)
            self.assertIsNotNone(text, where)
            said = PLACEHOLDER.findall(text[0]) + re.findall(r"\w+", message[text.end() :])
            self.assertNotIn(cause, said, f"{where}: a chain of causes would say it twice")

    def test_errors_are_printed_with_their_causes(self) -> None:
        for file, code in rust().items():
            if file.startswith("tests/") or "/tests" in file:
                continue
            for number, line in enumerate(code.splitlines(), 1):
                logged = re.search(r"[%?](error|cause)\b|print(ln)?!\(.*\{(error|cause)\}", line)
                self.assertIsNone(logged, f"{file}:{number}: say causes::with_causes(&error)")


if __name__ == "__main__":
    unittest.main()
