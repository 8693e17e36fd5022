"""The peer: a minimal FastAPI application that sends the content of the file in PEER_ANSWER."""

import os
from pathlib import Path

from fastapi import FastAPI, Response

CONTENT = Path(os.environ["PEER_ANSWER"]).read_bytes()

app = FastAPI()


@app.get("/market/trending")
async def trending() -> Response:
    """Return the bytes of the file."""
    return Response(CONTENT, media_type="application/json")
