#!/usr/bin/env python3
r"""Sends bytes as they are and prints the status of each answer, then how the connection ended.

    raw.py HOST:PORT [--wait SECONDS] [--slow SECONDS] PIECE...

Pieces are sent one after the other, with \r \n \t \0 \xHH understood, SLOW seconds apart. Prints one line: the
statuses that came, then `open` or `closed`.
"""
import argparse
import codecs
import re
import socket
import sys
import time

ap = argparse.ArgumentParser()
ap.add_argument("address")
ap.add_argument("--wait", type=float, default=0.5)
ap.add_argument("--slow", type=float, default=0)
ap.add_argument("--show", action="store_true", help="print all that came")
ap.add_argument("pieces", nargs="*")
opt = ap.parse_args()

host, port = opt.address.rsplit(":", 1)
sock = socket.create_connection((host, int(port)))
for piece in opt.pieces:
    try:
        sock.sendall(codecs.escape_decode(piece.encode())[0])
    except OSError:
        break
    time.sleep(opt.slow)
got = b""
state = "open"
sock.settimeout(opt.wait)
try:
    while True:
        more = sock.recv(65536)
        if not more:
            state = "closed"
            break
        got += more
except socket.timeout:
    pass
except OSError:
    state = "closed"
if opt.show:
    sys.stdout.write(got.decode(errors="replace"))
print(" ".join(re.findall(r"HTTP/1\.[01] (\d{3})", got.decode(errors="replace")) + [state]))
