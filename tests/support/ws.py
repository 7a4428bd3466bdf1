#!/usr/bin/env python3
"""A small WebSocket client (RFC 6455) for tests: prints each text message as a line.

    ws.py URL [--header 'Name: value']... [--send TEXT]... [--raw HEX]... [--count N] [--seconds S] [--stall S]

Ends with 0 after N messages, 1 when the time is over before, 2 when the connection is refused (the status line
and body are printed), 3 when the server closes (its code is printed). --stall waits before the first read.
"""
import argparse
import base64
import os
import socket
import ssl
import struct
import sys
import time
from urllib.parse import urlsplit

ap = argparse.ArgumentParser()
ap.add_argument("url")
ap.add_argument("--header", action="append", default=[])
ap.add_argument("--send", action="append", default=[])
ap.add_argument("--raw", action="append", default=[], help="bytes of frames, in hexadecimal")
ap.add_argument("--count", type=int, default=1)
ap.add_argument("--seconds", type=float, default=5)
ap.add_argument("--stall", type=float, default=0)
ap.add_argument("--small", action="store_true", help="a small receive buffer")
opt = ap.parse_args()

url = urlsplit(opt.url)
sock = socket.socket()
if opt.small:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.settimeout(opt.seconds)
sock.connect((url.hostname, url.port))
if url.scheme in ("wss", "https"):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = context.wrap_socket(sock)
key = base64.b64encode(os.urandom(16)).decode()
path = (url.path or "/") + ("?" + url.query if url.query else "")
lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", "Upgrade: websocket", "Connection: Upgrade",
         f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *opt.header]
sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

buffered = b""


def take(n):
    global buffered
    while len(buffered) < n:
        got = sock.recv(65536)
        if not got:
            print("closed without a code")
            sys.exit(3)
        buffered += got
    out, buffered = buffered[:n], buffered[n:]
    return out


head = b""
while not head.endswith(b"\r\n\r\n"):
    head += take(1)
if not head.startswith(b"HTTP/1.1 101"):
    print(head.split(b"\r\n")[0].decode())
    for line in head.decode().lower().split("\r\n"):
        if line.startswith("content-length:"):
            print(take(int(line.split(":")[1])).decode())
    sys.exit(2)


def send(opcode, payload):
    mask = os.urandom(4)
    n = len(payload)
    size = struct.pack("!B", 0x80 | n) if n < 126 else struct.pack("!BH", 0x80 | 126, n)
    sock.sendall(bytes([0x80 | opcode]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))


for text in opt.send:
    send(1, text.encode())
for frames in opt.raw:
    sock.sendall(bytes.fromhex(frames))
time.sleep(opt.stall)
end = time.time() + opt.seconds
text = b""
count = 0
try:
    while count < opt.count:
        sock.settimeout(max(0.01, end - time.time()))
        first, second = take(2)
        n = second & 127
        if n == 126:
            n, = struct.unpack("!H", take(2))
        elif n == 127:
            n, = struct.unpack("!Q", take(8))
        payload = take(n)
        opcode = first & 15
        if opcode == 9:
            send(10, payload)
        elif opcode == 8:
            print("closed", struct.unpack("!H", payload[:2])[0] if n >= 2 else "")
            sys.exit(3)
        elif opcode in (0, 1):
            text += payload
            if first & 0x80:
                print(text.decode(), flush=True)
                text = b""
                count += 1
except (socket.timeout, ssl.SSLWantReadError):
    sys.exit(1)
