"""An independent client: the official Python SDK drives `workbench mcp` from the brief to the gates.

    python3 -m venv venv && venv/bin/pip install -r tests/mcp/requirements.txt
    venv/bin/python tests/mcp/client.py WORKBENCH PROJECT ASSIGNMENT

tests/e2e/mcp_python.rs makes the project and runs this where Python has the package. Ends with 0 and a line for each step.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client


def told(tool, result):
    """What a tool that did its work tells."""
    assert not result.is_error, (tool, result.content)
    print(tool, "ok")
    return result.structured_content


async def main(workbench, project, assignment):
    # The SDK passes on no more of the environment than it is told to.
    lease = {name: os.environ[name] for name in ["WORKBENCH_LEASE", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME"] if name in os.environ}
    arguments = ["--project", project, "mcp", "--assignment", assignment]
    server = StdioServerParameters(command=workbench, args=arguments, env=lease)
    heard = []

    async def progress(done, total, message):
        heard.append((done, message))

    async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
        hello = await client.initialize()
        assert hello.server_info.name == "workbench" and "You work on T003" in hello.instructions, hello
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["brief", "list", "show", "verdict", "profile", "report", "apply", "submit"], tools
        assert tools["show"].annotations.read_only_hint and not tools["submit"].annotations.read_only_hint
        states = [state["const"] for state in tools["report"].input_schema["properties"]["state"]["oneOf"]]
        assert states == ["working", "waiting", "needs-input"], states

        brief = await client.call_tool("brief", {})
        assert brief.content[0].text.startswith("# T003"), brief
        shown = told("show", await client.call_tool("show", {"id": "T003"}))["data"]
        assert shown["claim"]["text"] and shown["measured"] is None, shown

        applied = told("apply", await client.call_tool("apply", {}, progress_callback=progress))
        assert applied["data"]["passed"] is True, applied
        assert len(heard) > 3 and [done for done, _ in heard] == sorted(done for done, _ in heard), heard
        experiment = {"experiment": applied["data"]["experiment"]}
        verdict = told("verdict", await client.call_tool("verdict", experiment))
        assert verdict["data"]["passed"] is True, verdict

        wrong = await client.call_tool("show", {"id": "T999"})
        assert wrong.is_error and "Next: " in wrong.content[0].text, wrong
        resources = [str(resource.uri) for resource in (await client.list_resources()).resources]
        assert resources == ["workbench://brief", "workbench://register"], resources

        gates = told("submit", await client.call_tool("submit", {"note": "faster"}, progress_callback=progress))
        assert gates["meta"]["stage"] == "review", json.dumps(gates)
        again = await client.call_tool("submit", {"note": "again"})
        assert again.is_error and "was handed in before" in again.content[0].text, again


asyncio.run(main(*sys.argv[1:]))
