"""Which skills a person holds: those of the profile, and those that other apps know to have been learnt.

Every computation of what somebody lacks asks here, so that a skill counts everywhere from the moment it is learnt, and
nowhere any more once that is taken back. The profile itself is changed by its owner alone.
"""

from career_navigator.api.current_user import CurrentUser
from career_navigator.declarations import get_declared


def held_skills(caller: CurrentUser) -> list[str]:
    """Every skill the caller holds, each once: first those of the profile, in its order."""
    held = dict.fromkeys(caller.skills)
    for list_acquired in get_declared("acquired_skills").values():
        held.update(dict.fromkeys(list_acquired(caller.id)))
    return list(held)
