"""`python3 -m xensys`: see xensys.cli."""

import sys

from xensys.cli import main

sys.exit(main())
