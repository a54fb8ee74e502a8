"""The far side of the network of run.py: servers of every temper, and a name server. Runs in its own network namespace.

usage: peers.py UNIX_SOCKET_OF_A_REAL_SERVER

Prints "ready" when all are listening; ends when standard input does. A line "standby N"/"primary N"/"deaf N" on standard
input changes what the scripted server on 10.77.0.N says; it answers "done".

Addresses, all at port 5432 (nftables rules are run.py's):

    10.77.0.2   the real server, by way of its unix socket
    10.77.0.3   packets are dropped (never gets here)
    10.77.0.4   connections are rejected (nor this)
    10.77.0.5   accepts and says nothing at all: silent while TLS is negotiated
    10.77.0.6   refuses TLS, reads the startup packet, and says nothing: silent in authentication
    10.77.0.7   the same, but says AuthenticationOk: silent in startup
    10.77.0.8   the same, but sends a ParameterStatus each 200 ms for ever: never silent, never ready
    10.77.0.11 to 10.77.0.13   scripted servers that report in_hot_standby as they are told
    10.78.0.2   the real server, 40 ms away each way (by our own delay: not every kernel has netem)
    10.77.0.53  the name server: see ZONE
"""

import asyncio
import socket
import struct
import sys

REAL = sys.argv[1]

# Addresses of a name; None: no answer ever.
ZONE = {
    "good.test": ["10.77.0.2"],
    "dead.test": ["10.77.0.3"],
    "deadfirst.test": ["10.77.0.3", "10.77.0.2"],
    "many.test": [f"10.77.{100 + n // 250}.{n % 250 + 1}" for n in range(999)] + ["10.77.0.2"],
    "mixed.test": ["10.77.0.3", "fd77::3", "10.77.0.2"],
    "stall.test": None,
}


def startup_message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


AUTH_OK = startup_message(b"R", struct.pack("!i", 0))
READY = startup_message(b"Z", b"I")


def status(name, value):
    return startup_message(b"S", name + b"\0" + value + b"\0")


async def packet(reader):
    """A packet without a type byte."""
    (length,) = struct.unpack("!i", await reader.readexactly(4))
    return await reader.readexactly(length - 4)


async def startup(reader, writer):
    while True:
        body = await packet(reader)
        (code,) = struct.unpack("!i", body[:4])
        if code in (80877103, 80877104):
            writer.write(b"N")
            continue
        return body


async def for_ever(reader):
    while await reader.read(4096):
        pass


def server(talk):
    async def handle(reader, writer):
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return handle


async def real(reader, writer, delay=0):
    inner_reader, inner_writer = await asyncio.open_unix_connection(REAL)

    async def pump(source, sink):
        try:
            while data := await source.read(65536):
                await asyncio.sleep(delay)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        sink.close()

    await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))


async def slow(reader, writer):
    await real(reader, writer, 0.04)


async def mute(reader, writer):
    await for_ever(reader)


async def mute_in_authentication(reader, writer):
    await startup(reader, writer)
    await for_ever(reader)


async def mute_in_startup(reader, writer):
    await startup(reader, writer)
    writer.write(AUTH_OK)
    await for_ever(reader)


async def chatterer(reader, writer):
    await startup(reader, writer)
    writer.write(AUTH_OK)
    while not writer.is_closing() and not reader.at_eof():
        writer.write(status(b"x", b"y"))
        await writer.drain()
        await asyncio.sleep(0.2)


role = {11: "deaf", 12: "standby", 13: "primary"}
# What the scripted servers have seen: connections, authentications, good-byes.
seen = {n: [0, 0, 0] for n in role}


def scripted(number):
    async def talk(reader, writer):
        seen[number][0] += 1
        if role[number] == "deaf":
            await for_ever(reader)
            return
        await startup(reader, writer)
        seen[number][1] += 1
        standby = b"on" if role[number] == "standby" else b"off"
        writer.write(
            AUTH_OK
            + status(b"server_version", b"18.6")
            + status(b"client_encoding", b"UTF8")
            + status(b"in_hot_standby", standby)
            + status(b"default_transaction_read_only", b"off")
            + startup_message(b"K", struct.pack("!ii", number, 4711))
            + READY
        )
        while True:
            kind = await reader.readexactly(1)
            await packet(reader)
            if kind == b"X":
                seen[number][2] += 1
                return
            if kind == b"Q":
                writer.write(
                    startup_message(b"T", struct.pack("!h", 1) + b"n\0" + struct.pack("!ihihih", 0, 0, 23, 4, -1, 0))
                    + startup_message(b"D", struct.pack("!hi", 1, 2) + b"%d" % number)
                    + startup_message(b"C", b"SELECT 1\0")
                    + READY
                )

    return talk


# ---- the name server ----


def name_of(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    kind, _ = struct.unpack("!HH", question[at + 1 : at + 5])
    return ".".join(labels).lower(), kind, question[12 : at + 5]


def dns_answer(question, limit):
    name, kind, echo = name_of(question)
    if name not in ZONE:
        return question[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 0, 0) + echo
    addresses = ZONE[name]
    if addresses is None:
        return None
    family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
    records = []
    for address in addresses:
        if family == (socket.AF_INET6 if ":" in address else socket.AF_INET):
            data = socket.inet_pton(family, address)
            records.append(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data)
    body = b"".join(records)
    if len(body) + len(echo) + 12 > limit:
        return question[:2] + struct.pack("!HHHHH", 0x8780, 1, 0, 0, 0) + echo
    return question[:2] + struct.pack("!HHHHH", 0x8580, 1, len(records), 0, 0) + echo + body


class Dns(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        answer = dns_answer(data, 512)
        if answer:
            self.transport.sendto(answer, peer)


async def dns_by_stream(reader, writer):
    while True:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = dns_answer(await reader.readexactly(length), 65535)
        if answer:
            writer.write(struct.pack("!H", len(answer)) + answer)


async def main():
    loop = asyncio.get_running_loop()
    talkers = {
        "10.77.0.2": real,
        "10.78.0.2": slow,
        "fd77::2": real,
        "10.77.0.5": mute,
        "10.77.0.6": mute_in_authentication,
        "10.77.0.7": mute_in_startup,
        "10.77.0.8": chatterer,
    }
    talkers.update({f"10.77.0.{n}": scripted(n) for n in role})
    keep = [await asyncio.start_server(server(talk), host, 5432) for host, talk in talkers.items()]
    keep.append(await asyncio.start_server(server(dns_by_stream), "10.77.0.53", 53))
    keep.append(await loop.create_datagram_endpoint(Dns, local_addr=("10.77.0.53", 53)))
    print("ready", flush=True)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := (await commands.readline()).split():
        if line[0] == b"seen":
            print(" ".join(str(x) for x in seen[int(line[1])]), flush=True)
            continue
        role[int(line[1])] = line[0].decode()
        print("done", flush=True)


asyncio.run(main())
