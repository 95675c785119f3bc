"""``python -m pyntk``: the command line of :mod:`pyntk.cli`."""

import sys

from pyntk.cli import main

if __name__ == "__main__":
    sys.exit(main())
