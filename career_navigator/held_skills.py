"""Which skills a person holds: those of the profile, and those that other apps know to have been learnt.

Every reckoning of what somebody lacks asks here, so that a skill counts everywhere from the moment it is learnt, and
nowhere any more once that is taken back. The profile itself is changed by its owner alone.
"""

from collections.abc import Callable, Iterable

from career_navigator.api.current_user import CurrentUser
from career_navigator.registrations import Registry

Source = Callable[[str], Iterable[str]]

_sources: Registry[Source] = Registry()


def register_held_skills(*, name: str, source: Source) -> None:
    """Add where learnt skills are known; called in an app's `registrations.py`.

    `source` takes the user's id and returns canonical names; it is called once a request.
    """
    _sources[name] = source


def held_skills(caller: CurrentUser) -> list[str]:
    """Every skill the caller holds, each once: first those of the profile, in its order."""
    held = dict.fromkeys(caller.skills)
    for source in _sources.values():
        held.update(dict.fromkeys(source(caller.id)))
    return list(held)
