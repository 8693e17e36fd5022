"""What support does with a user's account, on the user's behalf and without the password."""

from datetime import datetime

from bson import ObjectId

from accounts.documents import User
from accounts.personal_data import erase_everything
from accounts.sessions import end_sessions


def deactivate_user(*, user_id: ObjectId) -> None:
    """Let the user in no more: no login, and no token is accepted from now on. Raises DoesNotExist."""
    _set_active(user_id, False)
    end_sessions(user_id=user_id)


def reactivate_user(*, user_id: ObjectId) -> None:
    """Let the user log in again; tokens from before stay ended. Raises DoesNotExist."""
    _set_active(user_id, True)


def erase_user_on_request(*, user_id: ObjectId, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises DoesNotExist when the user is gone."""
    erase_everything(user=User.objects.get(id=user_id), now=now)


def _set_active(user_id: ObjectId, is_active: bool) -> None:
    user = User.objects.get(id=user_id)
    user.is_active = is_active
    user.save()
