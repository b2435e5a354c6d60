#!/usr/bin/env python3
"""Tests of the folder of kept objects: `python3 localstack/objects/test.py`. They need no LocalStack."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from kept_objects.folder import Folder

HERE = Path(__file__).resolve().parent
BUCKET = "cenovka-raw-000000000000-eu-central-1"
KEY = "raw/sreality/segment=flats-sale/praha-7/2026-11-25.jsonl.zst"
HEADERS = {"etag": "e1", "system_metadata": {"ContentType": "application/jsonl"}, "user_metadata": {"ř": "š"}}
MODIFIED = 1_764_000_000_123_456_000
# Puts one object after the other, each of one byte over and over, and says when it begins with one.
PUTTER = """\
import itertools, sys
from pathlib import Path
from kept_objects.folder import Folder

folder = Folder(Path(sys.argv[1]))
for number in itertools.count():
    print(number, flush=True)
    folder.put("b", f"many/{number}", [bytes([number % 256])] * 100_000, 1, {"etag": f"e{number}"})
    folder.put("b", "one", [bytes([number % 256])] * 100_000, 1, {"etag": f"e{number}"})
    print(f"kept {number}", flush=True)
"""


class FolderTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "objects")
        self.folder = Folder(self.root)

    def put(self, key: str = KEY, body: bytes = b"walk", headers: dict = HEADERS, modified: int = MODIFIED) -> None:
        self.folder.put(BUCKET, key, [body[:2], body[2:]], modified, headers)

    def after_a_restart(self) -> dict[str, bytes]:
        """What is there, as one finds it who opens the folder anew."""
        return {kept.key: kept.file.read_bytes() for kept in Folder(self.root).objects(BUCKET)}

    def test_an_object_is_a_file_below_its_bucket_and_key(self) -> None:
        self.put()
        self.assertEqual((self.root / BUCKET / KEY).read_bytes(), b"walk")
        self.assertEqual((self.root / BUCKET / KEY).stat().st_mtime_ns, MODIFIED)

    def test_an_object_is_found_as_it_was_put(self) -> None:
        self.put()
        [kept] = Folder(self.root).objects(BUCKET)
        self.assertEqual((kept.key, kept.size, kept.modified), (KEY, 4, MODIFIED))
        self.assertEqual((kept.headers, kept.known), (HEADERS, True))
        self.assertEqual(kept, self.folder.find(BUCKET, KEY))

    def test_the_last_put_of_a_key_counts(self) -> None:
        self.put("pause.json", b"first")
        self.put("pause.json", b"second", HEADERS | {"etag": "e2"}, MODIFIED + 1000)
        self.assertEqual(self.after_a_restart(), {"pause.json": b"second"})
        kept = self.folder.find(BUCKET, "pause.json")
        self.assertEqual((kept.headers["etag"], kept.modified, kept.known), ("e2", MODIFIED + 1000, True))

    def test_what_was_removed_stays_removed_and_leaves_no_folder(self) -> None:
        self.put()
        self.put("raw/other")
        self.folder.remove(BUCKET, KEY)
        self.assertEqual(self.after_a_restart(), {"raw/other": b"walk"})
        self.assertIsNone(self.folder.find(BUCKET, KEY))
        left = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if BUCKET in path.parts}
        headers = f".headers/{BUCKET}"
        self.assertEqual(left, {BUCKET, f"{BUCKET}/raw", f"{BUCKET}/raw/other",
                                headers, f"{headers}/raw", f"{headers}/raw/other.json"})  # fmt: skip
        for key in (KEY, "raw/other/below", "never"):
            self.folder.remove(BUCKET, key)  # there is none, and that is no error

    def test_strange_keys_stay_what_they_are_and_in_their_bucket(self) -> None:
        keys = ["a b+c", "č/100%", "%", "%2E", "..", "a/../../up", "a//b", "/root", "end/", ".hid", "x\ny", "a:b?c*"]
        for key in keys:
            self.put(key, key.encode())
        self.assertEqual(self.after_a_restart(), {key: key.encode() for key in keys})
        self.assertEqual({path.name for path in self.root.iterdir()}, {BUCKET, ".headers", ".unfinished"})
        self.assertEqual({path.name for path in self.root.parent.iterdir()}, {"objects"})
        for key in keys:
            self.folder.remove(BUCKET, key)
        self.assertEqual(self.after_a_restart(), {})

    def test_a_key_that_no_file_can_have_is_an_error_and_changes_nothing(self) -> None:
        self.put("a")
        for key in ("a/b", "x" * 300):
            with self.assertRaises(OSError):
                self.put(key)
        self.assertEqual(self.after_a_restart(), {"a": b"walk"})

    def test_a_file_that_somebody_put_there_is_an_object_that_has_to_be_looked_at(self) -> None:
        self.put()
        for key in (KEY, "raw/by-hand"):
            (self.root / BUCKET / key).write_bytes(b"other bytes")
        self.assertEqual(self.after_a_restart(), {KEY: b"other bytes", "raw/by-hand": b"other bytes"})
        self.assertEqual([kept.known for kept in self.folder.objects(BUCKET)], [False, False])

    def test_headers_that_somebody_broke_do_not_hide_the_object(self) -> None:
        self.put()
        [headers] = (self.root / ".headers").rglob("*.json")
        for text in ("", "{", "[1]", "\xff"):
            headers.write_text(text, encoding="latin-1")
            [kept] = self.folder.objects(BUCKET)
            self.assertEqual((kept.key, kept.headers, kept.known), (KEY, {}, False))

    def test_a_disk_that_is_full_leaves_what_was_there(self) -> None:
        self.put("pause.json", b"first")
        for failing in ("fsync", "replace"):
            with mock.patch.object(os, failing, side_effect=OSError("full")), self.assertRaises(OSError):
                self.put("pause.json", b"second")
        self.assertEqual(self.after_a_restart(), {"pause.json": b"first"})
        self.assertTrue(self.folder.find(BUCKET, "pause.json").known)
        self.assertEqual(list(self.folder.unfinished.iterdir()), [])

    def test_a_kill_between_an_object_and_its_headers_leaves_the_old_object_and_no_wrong_headers(self) -> None:
        self.put("pause.json", b"first")
        moved, replace = [], os.replace

        def one_only(file: Path, place: Path) -> None:
            if moved:
                raise OSError("killed")
            moved.append(replace(file, place))

        with mock.patch.object(os, "replace", one_only), self.assertRaises(OSError):
            self.put("pause.json", b"second", HEADERS | {"etag": "e2"}, MODIFIED + 1000)
        self.assertEqual(self.after_a_restart(), {"pause.json": b"first"})
        self.assertFalse(self.folder.find(BUCKET, "pause.json").known)

    def test_an_object_is_on_the_disk_before_it_has_its_name(self) -> None:
        calls = []
        for name in ("fsync", "replace"):
            its = getattr(os, name)
            spy = mock.patch.object(os, name, side_effect=lambda *given, n=name, f=its: (calls.append(n), f(*given)))
            spy.start()
            self.addCleanup(spy.stop)
        self.put("pause.json")
        calls.clear()
        self.put("pause.json", b"second")
        # Both files, then each name and the folder that it is in.
        self.assertEqual(calls, ["fsync", "fsync", "replace", "fsync", "replace", "fsync"])

    def test_a_kill_leaves_whole_objects_and_all_that_were_kept(self) -> None:
        for moment in range(8):
            root = self.root / str(moment)
            command = [sys.executable, "-c", PUTTER, root]
            putting = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HERE, text=True)
            while "kept 3" not in putting.stdout.readline():
                pass
            time.sleep(moment / 300)
            putting.send_signal(signal.SIGKILL)
            kept = int(([3] + re.findall(r"kept (\d+)", putting.communicate()[0]))[-1])
            found = {object_.key: object_ for object_ in Folder(root).objects("b")}
            self.assertLessEqual({f"many/{number}" for number in range(kept + 1)} | {"one"}, set(found))
            for object_ in found.values():
                body = object_.file.read_bytes()
                self.assertEqual((len(body), len(set(body))), (100_000, 1), object_.key)
            self.assertEqual(list((root / ".unfinished").iterdir()), [])


class WiringTest(unittest.TestCase):
    def test_the_bucket_that_is_kept_is_the_templates(self) -> None:
        template = (HERE.parents[1] / "template.yaml").read_text()
        [prefix] = re.findall(r"^  RawBucketPrefix:\n(?:    .*\n)*?    Default: (.+)$", template, re.M)
        self.assertIn("BucketName: !Sub '${RawBucketPrefix}-${AWS::AccountId}-${AWS::Region}'", template)
        self.assertIn(f'KEPT = "{prefix}-"\n', (HERE / "kept_objects/plugin.py").read_text())


if __name__ == "__main__":
    unittest.main()
