"""PyPI's `mcp` against the server: all five tools, by the handshake and by the stateless revision.

    python client.py URL TOKEN
"""
import asyncio
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def use_all_tools(client):
    async def ok(tool, arguments):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, result
        return result.structured_content

    names = [tool.name for tool in (await client.list_tools()).tools]
    assert names == ["add_task", "list_tasks", "complete_task", "update_task", "delete_task"], names
    task = await ok("add_task", {"title": "From Python"})
    updated = await ok("update_task", {"task_id": task["id"], "description": "d"})
    assert updated["description"] == "d", updated
    assert (await ok("complete_task", {"task_id": task["id"]}))["completed"]
    assert [it["title"] for it in (await ok("list_tasks", {"status": "completed"}))["tasks"]] == ["From Python"]
    assert (await ok("delete_task", {"task_id": task["id"]}))["deleted"]
    gone = await client.call_tool("delete_task", {"task_id": task["id"]})
    assert gone.is_error and gone.content[0].text.startswith("No task"), gone


async def main(url, token):
    revisions = []
    for mode in ("legacy", "auto"):
        http_client = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
        async with http_client, Client(streamable_http_client(url, http_client=http_client), mode=mode) as client:
            await use_all_tools(client)
            revisions.append(client.protocol_version)
    print("all five tools, by", " and by ".join(revisions))


asyncio.run(main(*sys.argv[1:]))
