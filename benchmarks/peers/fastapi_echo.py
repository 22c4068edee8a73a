"""The reference: the least that FastAPI can do. No key, no permission, no record, no sandbox."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/echo")
async def echo(request: Request) -> Any:  # noqa: ANN401
    return {"result": await request.json()}
