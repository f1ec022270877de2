"""Three calls of the task API on FastAPI and asyncpg: what this project takes the place of, and is compared with."""
import os
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Annotated

import asyncpg
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

SECRET = os.environ["BETTER_AUTH_SECRET"]
COLUMNS = "id, user_id, title, description, completed, created_at, updated_at"


@asynccontextmanager
async def lifespan(app: FastAPI):
    # The connections are divided among the processes.
    connections = int(os.environ["CONNECTIONS"]) // int(os.environ["WORKERS"])
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=connections, max_size=connections)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"], allow_credentials=True)
bearer = HTTPBearer()


class Task(BaseModel):
    id: int
    user_id: str
    title: str
    description: str | None
    completed: bool
    created_at: datetime
    updated_at: datetime


class NewTask(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=1000)


async def current_user(credentials=Depends(bearer)) -> str:
    try:
        return jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Invalid token")


User = Annotated[str, Depends(current_user)]


@app.get("/api/tasks", response_model=list[Task])
async def list_tasks(user: User, request: Request):
    rows = await request.app.state.pool.fetch(
        f"SELECT {COLUMNS} FROM tasks WHERE user_id = $1 ORDER BY created_at DESC, id DESC", user
    )
    return [dict(row) for row in rows]


@app.get("/api/tasks/{id}", response_model=Task)
async def show(id: int, user: User, request: Request):
    row = await request.app.state.pool.fetchrow(f"SELECT {COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2", id, user)
    if row is None:
        raise HTTPException(404, "Task not found")
    return dict(row)


@app.post("/api/tasks", response_model=Task, status_code=201)
async def create(new: NewTask, user: User, request: Request):
    now = datetime.now(timezone.utc)
    row = await request.app.state.pool.fetchrow(
        f"INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) VALUES ($1, $2, $3, false, $4, $4) RETURNING {COLUMNS}",
        user,
        new.title,
        new.description,
        now,
    )
    return dict(row)
