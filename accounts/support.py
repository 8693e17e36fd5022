"""What support does with a user's account, on the user's behalf and without the password."""

from datetime import datetime

from bson import ObjectId

from accounts.documents import User
from accounts.personal_data import erase_everything
from accounts.sessions import end_sessions


def deactivate_user(*, user_id: ObjectId, now: datetime) -> None:
    """Let the user in no more: no login, and no token is accepted from now on. Raises DoesNotExist."""
    User.objects.get(id=user_id).set_active(False, now=now)
    end_sessions(user_id=user_id)


def reactivate_user(*, user_id: ObjectId, now: datetime) -> None:
    """Let the user log in again; tokens from before stay ended. Raises DoesNotExist."""
    User.objects.get(id=user_id).set_active(True, now=now)


def erase_user_on_request(*, user_id: ObjectId, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises DoesNotExist when the user is gone."""
    erase_everything(user=User.objects.get(id=user_id), now=now)
