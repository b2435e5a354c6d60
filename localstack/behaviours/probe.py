"""Probes the emulator at an endpoint, with CENOVKA_ARCHIVES as it has it, and prints each behaviour and what it found.

`compare` starts this with the emulator's own Python, which has boto3.
"""

import json
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from emulator import Emulator, Never
from probes import PROBES

# Most of the time they wait, as for the rule that fires every minute: the slowest come first.
AT_ONCE = 6
SLOW = ("rate(1 minute)", "twelve", "twice more", "takes too long", "SAM transform")


def main() -> None:
    slow_first = sorted(PROBES, key=lambda words: not any(part in words for part in SLOW))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        emulator = Emulator(sys.argv[1], folder)
        found = {words: pool.submit(probed, emulator, words) for words in slow_first}
        for words in PROBES:
            print(json.dumps([words, found[words].result()], ensure_ascii=False), flush=True)


def probed(emulator: Emulator, words: str) -> str:
    """The cell of the table."""
    try:
        result = PROBES[words](emulator)
    except ClientError as error:
        return f"no: {error.response['Error']['Code']}"
    except Never as never:
        return str(never)
    except Exception as error:  # an answer without what AWS's answers have
        traceback.print_exc()
        return f"no: {type(error).__name__}"
    return result if isinstance(result, str) else "yes" if result else "no"


if __name__ == "__main__":
    main()
