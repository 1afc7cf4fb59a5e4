"""The ground floor: the words, records, money and events that the goods and the trucks stand on.

It knows no declaration and no booking. Packages above import it; it imports none of them.
"""

import sys

# httpx brings a command line that nobody here types and that reads in some 100 modules: without it
# each process is 5 MiB smaller. It is made to look as if its requirements were missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
