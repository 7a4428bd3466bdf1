#!/usr/bin/env python3
r"""Sends bytes as they are, each case over a connection of its own, and compares what comes.

    raw.py HOST:PORT [--wait SECONDS] <CASES

A case is a line: the statuses that must come and how the connection must end ("200 404 open", "400 closed"), a tab,
and the bytes, with \r \n \t \0 \xHH understood and \| for a pause. Cases run at the same time. Ends with 1, and says
what was different, when one was.
"""
import argparse
import codecs
import re
import socket
import sys
import threading
import time

ap = argparse.ArgumentParser()
ap.add_argument("address")
ap.add_argument("--wait", type=float, default=1)
opt = ap.parse_args()
host, port = opt.address.rsplit(":", 1)
faults = []


def run(want, text):
    sock = socket.create_connection((host, int(port)))
    for piece in text.split("\\|"):
        try:
            sock.sendall(codecs.escape_decode(piece.encode())[0])
        except OSError:
            break
        time.sleep(0.1)
    got, state, end = b"", "open", time.time() + opt.wait
    try:
        while True:
            sock.settimeout(max(0.01, end - time.time()))
            more = sock.recv(65536)
            if not more:
                state = "closed"
                break
            got += more
    except socket.timeout:
        pass
    except OSError:
        state = "closed"
    came = " ".join(re.findall(r"HTTP/1\.[01] (\d{3})", got.decode(errors="replace")) + [state])
    if came != want:
        faults.append(f"{text[:300]!r}: '{came}', not '{want}'")


threads = []
for line in sys.stdin:
    want, text = line.rstrip("\n").split("\t")
    threads.append(threading.Thread(target=run, args=(want, text)))
    threads[-1].start()
for t in threads:
    t.join()
print("\n".join(faults))
sys.exit(bool(faults))
