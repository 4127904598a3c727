"""``python -m gradwise``: the command line, where the ``gradwise`` script is not on the path."""

import sys

from gradwise.cli import main

if __name__ == "__main__":
    sys.exit(main())
