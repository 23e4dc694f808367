"""`trunkline` and `python -m trunkline`."""

from __future__ import annotations

import gc
import sys

INTERRUPTED = 130  # as `cli.failures.Exit`, which may not be there yet


def main() -> None:
    """Run the command line of this process and exit with its code."""
    # What is imported stays: looking for garbage meanwhile would cost a quarter of a command's time.
    gc.disable()
    try:
        from trunkline.cli.application import run  # noqa: PLC0415  # only once the collector is off

        code = run(sys.argv[1:], loaded=_keep)
    except KeyboardInterrupt:
        # While what would explain it is still being imported.
        sys.stderr.write("error: interrupted\n")
        code = INTERRUPTED
    sys.exit(code)


def _keep() -> None:
    """Search for garbage from now on, but never among what there is already."""
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    main()
