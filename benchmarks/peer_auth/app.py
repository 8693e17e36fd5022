"""The peer: a minimal FastAPI application that checks a token and loads the user with Beanie."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

import jwt
from beanie import Document, PydanticObjectId, init_beanie
from bson.errors import InvalidId
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from pymongo import AsyncMongoClient
from pymongo.uri_parser import parse_uri

MONGODB_URI = os.environ["MONGODB_URI"]
SECRET = os.environ["PEER_SECRET"]
ALGORITHM = "HS256"


class User(Document):
    """The stored user, with the fields that the response contains."""

    email: str
    hashed_password: str
    full_name: str
    skills: list[str] = []
    target_roles: list[str] = []
    experience_level: str | None = None
    location: str | None = None
    created_at: datetime
    updated_at: datetime

    class Settings:
        name = "users"


class UserResponse(BaseModel):
    """The body of a response."""

    id: str
    email: str
    full_name: str
    skills: list[str]
    target_roles: list[str]
    experience_level: str | None
    location: str | None
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect Beanie to MongoDB while the application runs."""
    client: AsyncMongoClient = AsyncMongoClient(MONGODB_URI, tz_aware=True)
    await init_beanie(database=client[parse_uri(MONGODB_URI)["database"]], document_models=[User], skip_indexes=True)
    yield
    await client.close()


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


async def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> User:
    """Return the user of the token."""
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=[ALGORITHM])
        user = await User.get(PydanticObjectId(claims["sub"]))
    except (jwt.InvalidTokenError, InvalidId, KeyError) as error:
        raise HTTPException(401, "Could not validate credentials") from error
    if user is None:
        raise HTTPException(401, "User not found")
    return user


@app.get("/auth/me")
async def me(user: Annotated[User, Depends(current_user)]) -> UserResponse:
    """Return the user's profile."""
    return UserResponse(
        id=str(user.id),
        email=user.email,
        full_name=user.full_name,
        skills=user.skills,
        target_roles=user.target_roles,
        experience_level=user.experience_level,
        location=user.location,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )
