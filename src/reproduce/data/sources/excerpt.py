"""Source `excerpt`: twelve photographs of beans that ship with this package.

The image that the paper shows, which is the first of beans' training split, and eleven of its test
images: of each class those whose size ratio is the least, the greatest, and between.
"""

from pathlib import Path

from reproduce.core.parameters import Parameters
from reproduce.data.sources.folder import folder_collection
from reproduce.data.sources.photographs import Collection

EXCERPT = Path(__file__).with_name("beans-excerpt")
"""Original files, in folders <split>/<class> and under the names that they have in beans."""


def open_collection(parameters: Parameters) -> Collection:
    """Open the excerpt, which no other parameter changes: one training image, eleven for test."""
    return folder_collection(EXCERPT)
