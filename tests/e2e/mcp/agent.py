"""PyPI's `openai-agents` against the server, as the README has it: all five tools, which a scripted model calls.

    python agent.py URL TOKEN
"""
import asyncio
import json
import sys

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText


class ScriptedModel(Model):
    """Calls the tools of a script, one after the other. It stands in for a model that costs money."""

    def __init__(self, script):
        self.script = script
        self.tools = []
        self.results = []

    async def get_response(self, system_instructions, input, model_settings, tools, *_, **__):
        self.tools = [tool.name for tool in tools]
        if input[-1].get("type") == "function_call_output":
            self.results.append(text(input[-1]["output"]))
        number = len(self.results)
        if number < len(self.script):
            name, arguments = self.script[number](self.results)
            output = ResponseFunctionToolCall(
                type="function_call", call_id=f"call-{number}", name=name, arguments=json.dumps(arguments)
            )
        else:
            done = ResponseOutputText(type="output_text", text="Done", annotations=[])
            output = ResponseOutputMessage(id="message", type="message", role="assistant", status="completed", content=[done])
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *_, **__):
        raise NotImplementedError


def text(output):
    """The text of a tool's result, which is a text, one part, or a list of parts."""
    part = output[0] if isinstance(output, list) else output
    return part if isinstance(part, str) else part["text"]


def task_id(results):
    return json.loads(results[0])["id"]


SCRIPT = [
    lambda _: ("add_task", {"title": "By an agent"}),
    lambda results: ("complete_task", {"task_id": task_id(results)}),
    lambda results: ("update_task", {"task_id": task_id(results), "description": "d"}),
    lambda _: ("list_tasks", {}),
    lambda _: ("delete_task", {"task_id": 1, "user_id": "someone else"}),
    lambda results: ("delete_task", {"task_id": task_id(results)}),
]


async def main(url, token):
    set_tracing_disabled(True)
    model = ScriptedModel(SCRIPT)
    params = {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
    async with MCPServerStreamableHttp(name="tasks", params=params) as tasks:
        agent = Agent(name="Assistant", model=model, mcp_servers=[tasks])
        result = await Runner.run(agent, "Add a task, complete it, describe it, list it and delete it.")
    assert result.final_output == "Done", result
    assert model.tools == ["add_task", "list_tasks", "complete_task", "update_task", "delete_task"], model.tools
    _, completed, updated, listed, refused, deleted = model.results
    assert json.loads(completed)["completed"], completed
    assert json.loads(updated)["description"] == "d", updated
    assert [task["title"] for task in json.loads(listed)["tasks"]] == ["By an agent"], listed
    assert "takes only task_id" in refused, refused
    assert json.loads(deleted)["deleted"], deleted
    print("all five tools")


asyncio.run(main(*sys.argv[1:]))
