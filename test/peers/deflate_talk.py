# An echo server, or a client that talks to one, with Python's websockets.
# python3 test/peers/deflate_talk.py serve | connect <uri>, then windows and takeover: <server bits> <client bits> <no takeover: 0 or 1>
import asyncio
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

MESSAGES = [
    "Hello world! " * 30,
    "",
    "€ 😀",
    bytes((i * i * 2654435761 >> 24) & 255 for i in range(60_000)),
    bytes(300_000),
    "Hello world! " * 3000,
    bytes((i * i * 2654435761 >> 24) & 255 for i in range(30_000, 33_000)),
]


def options(factory, arguments):
    server, client, without = map(int, arguments)
    extension = factory(
        server_no_context_takeover=bool(without),
        client_no_context_takeover=bool(without),
        server_max_window_bits=server,
        client_max_window_bits=client,
    )
    return {"compression": None, "extensions": [extension], "max_size": None}


async def echo(ws, path=None):
    async for message in ws:
        await ws.send(message)


async def serve(arguments):
    async with websockets.serve(echo, "127.0.0.1", 0, **options(ServerPerMessageDeflateFactory, arguments)) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


async def connect(uri, arguments):
    same = 0
    async with websockets.connect(uri, **options(ClientPerMessageDeflateFactory, arguments)) as ws:
        for message in MESSAGES + MESSAGES:
            await ws.send(message)
            same += await ws.recv() == message
        await ws.send([message[i : i + 1000] for i in range(0, len(message), 1000)])  # in fragments
        same += await ws.recv() == message
        print(same)


if sys.argv[1] == "serve":
    asyncio.run(serve(sys.argv[2:]))
else:
    asyncio.run(connect(sys.argv[2], sys.argv[3:]))
