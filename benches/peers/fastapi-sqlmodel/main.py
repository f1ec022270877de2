"""Three calls of the task API on FastAPI and SQLModel, as their documentation writes them: the usual backend that this project replaces."""
import os
from collections.abc import AsyncGenerator
from datetime import datetime, timezone
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import BigInteger, DateTime, Field, SQLModel, Text, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

SECRET = os.environ["BETTER_AUTH_SECRET"]
# The connections are divided among the processes.
CONNECTIONS = int(os.environ["CONNECTIONS"]) // int(os.environ["WORKERS"])

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgres://", "postgresql+asyncpg://"), pool_size=CONNECTIONS, max_overflow=0
)
app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"], allow_credentials=True)
bearer = HTTPBearer()


def now() -> datetime:
    return datetime.now(timezone.utc)


class TaskBase(SQLModel):
    title: str = Field(min_length=1, max_length=200, sa_type=Text)
    description: str | None = Field(default=None, max_length=1000, sa_type=Text)


class Task(TaskBase, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    user_id: str = Field(index=True, sa_type=Text)
    completed: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class TaskCreate(TaskBase):
    pass


class TaskPublic(TaskBase):
    id: int
    user_id: str
    completed: bool
    created_at: datetime
    updated_at: datetime


async def get_session() -> AsyncGenerator[AsyncSession, None]:
    async with AsyncSession(engine) as session:
        yield session


async def get_current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    try:
        return jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(status_code=401, detail="Invalid token")


SessionDep = Annotated[AsyncSession, Depends(get_session)]
CurrentUser = Annotated[str, Depends(get_current_user)]


@app.get("/api/tasks", response_model=list[TaskPublic])
async def list_tasks(user_id: CurrentUser, session: SessionDep):
    statement = select(Task).where(Task.user_id == user_id).order_by(col(Task.created_at).desc(), col(Task.id).desc())
    return (await session.exec(statement)).all()


@app.get("/api/tasks/{task_id}", response_model=TaskPublic)
async def get_task(task_id: int, user_id: CurrentUser, session: SessionDep):
    task = (await session.exec(select(Task).where(Task.id == task_id, Task.user_id == user_id))).first()
    if not task:
        raise HTTPException(status_code=404, detail="Task not found")
    return task


@app.post("/api/tasks", response_model=TaskPublic, status_code=201)
async def create_task(task: TaskCreate, user_id: CurrentUser, session: SessionDep):
    db_task = Task.model_validate(task, update={"user_id": user_id})
    session.add(db_task)
    await session.commit()
    await session.refresh(db_task)
    return db_task
