"""A task service on FastAPI and SQLModel, as their documentation writes one: the program whose database `todo-api adopt` takes over."""
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from enum import Enum
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import NaiveDatetime
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql+asyncpg://"))


def now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Status(str, Enum):
    pending = "pending"
    in_progress = "in_progress"
    completed = "completed"


class TaskBase(SQLModel):
    title: str = Field(max_length=200)
    description: str | None = None
    status: Status = Status.pending
    priority: int = 2


class Task(TaskBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    created_at: NaiveDatetime = Field(default_factory=now)
    updated_at: NaiveDatetime = Field(default_factory=now)


class TaskUpdate(SQLModel):
    title: str | None = None
    status: Status | None = None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


async def get_session() -> AsyncGenerator[AsyncSession, None]:
    async with AsyncSession(engine) as session:
        yield session


async def get_current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    try:
        return jwt.decode(credentials.credentials, os.environ["BETTER_AUTH_SECRET"], algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(status_code=401, detail="Invalid token")


SessionDep = Annotated[AsyncSession, Depends(get_session)]
CurrentUser = Annotated[str, Depends(get_current_user)]


async def find(task_id: int, user_id: str, session: AsyncSession) -> Task:
    task = (await session.exec(select(Task).where(Task.id == task_id, Task.user_id == user_id))).first()
    if not task:
        raise HTTPException(status_code=404, detail="Task not found")
    return task


@app.get("/api/tasks")
async def list_tasks(user_id: CurrentUser, session: SessionDep) -> list[Task]:
    return list((await session.exec(select(Task).where(Task.user_id == user_id).order_by(col(Task.id)))).all())


@app.post("/api/tasks", status_code=201)
async def create_task(task: TaskBase, user_id: CurrentUser, session: SessionDep) -> Task:
    stored = Task.model_validate(task, update={"user_id": user_id})
    session.add(stored)
    await session.commit()
    await session.refresh(stored)
    return stored


@app.patch("/api/tasks/{task_id}")
async def update_task(task_id: int, changes: TaskUpdate, user_id: CurrentUser, session: SessionDep) -> Task:
    task = await find(task_id, user_id, session)
    task.sqlmodel_update(changes.model_dump(exclude_unset=True), update={"updated_at": now()})
    await session.commit()
    await session.refresh(task)
    return task


@app.delete("/api/tasks/{task_id}", status_code=204)
async def delete_task(task_id: int, user_id: CurrentUser, session: SessionDep) -> None:
    await session.delete(await find(task_id, user_id, session))
    await session.commit()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info")
