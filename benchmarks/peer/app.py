"""The peer: the least FastAPI application that sends the bytes of the file that PEER_ANSWER names."""

import os
from pathlib import Path

from fastapi import FastAPI, Response

CONTENT = Path(os.environ["PEER_ANSWER"]).read_bytes()

app = FastAPI()


@app.get("/market/trending")
async def trending() -> Response:
    return Response(CONTENT, media_type="application/json")
