"""Print the sentences of pages that are not listed yet: `python -m tests.statements PAGE …`."""

import sys

from tests.statements import ROOT, not_listed

for name in sys.argv[1:]:
    print("\n".join(not_listed(ROOT / name)))
