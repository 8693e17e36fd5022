"""The address by which the mails of a search are ended, without logging in: it does not expire, and works again."""

from urllib.parse import urlencode

from bson import ObjectId
from django.conf import settings
from django.core.signing import BadSignature, Signer

PATH = "/jobs/searches/unsubscribe"
_signer = Signer(salt="accounts.searches.unsubscribe")


class BadToken(ValueError):
    """A token that was not signed here, or by a key that is no longer used."""

    reason = "bad_token"


def unsubscribe_address(*, search_id: ObjectId) -> str:
    query = urlencode({"token": make_token(search_id=search_id)})
    return f"{settings.PUBLIC_URL}{PATH}?{query}"


def make_token(*, search_id: ObjectId) -> str:
    return _signer.sign(str(search_id))


def read_token(token: str) -> ObjectId:
    """The search whose token it is. Raises BadToken."""
    try:
        return ObjectId(_signer.unsign(token))
    except BadSignature as error:
        raise BadToken("the token was not signed here") from error
