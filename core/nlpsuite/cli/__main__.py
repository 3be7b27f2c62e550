"""`python -m nlpsuite.cli`, for launchers that start a module."""

import sys

from nlpsuite.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
