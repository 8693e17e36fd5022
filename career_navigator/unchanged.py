"""What stands for a value that was not given and stays as it was, where None removes it."""

from enum import Enum


class Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
