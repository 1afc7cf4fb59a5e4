"""`python -m api.documents`: writes the generated pages of `docs/` anew."""

import sys

from api.documents.pages import DOCS, written_anew

for name in written_anew():
    sys.stdout.write(f"{DOCS.name}/{name}\n")
