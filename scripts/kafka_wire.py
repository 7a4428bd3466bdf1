"""What scripts/kafka asks of a broker, in Kafka's own protocol: Java's tools take seconds to start for one request."""
import hashlib
import secrets
import socket
import struct
import sys
import time


def fail(text, status=1):
    print(f"kafka: {text}", file=sys.stderr)
    sys.exit(status)


def ask(port, key, version, body, timeout=2.0):
    request = struct.pack(">hhih", key, version, 1, 5) + b"start" + body
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.settimeout(timeout)
        s.sendall(struct.pack(">i", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            more = s.recv(65536)
            if not more:
                raise OSError("closed")
            answer += more
    return answer[8:]


def brokers_known(port):
    """How many brokers the metadata names: Metadata, version 1, no topics."""
    try:
        return struct.unpack(">i", ask(port, 3, 1, struct.pack(">i", 0))[:4])[0]
    except (OSError, struct.error):
        return 0


def text(s):
    return struct.pack(">h", len(s)) + s.encode()


def make_topic(port, name, count, settings):
    """CreateTopics, version 2; an existing topic is well."""
    config = b"".join(text(k) + text(v) for k, v in settings)
    body = (struct.pack(">i", 1) + text(name) + struct.pack(">ihii", count, -1, 0, len(settings)) + config
            + struct.pack(">i?", 10000, False))
    # Replication -1, the broker's own default, is known from version 4 on, whose layout is the same.
    answer = ask(port, 19, 4, body, timeout=15.0)
    at = 8 + 2 + len(name)
    error = struct.unpack(">h", answer[at:at + 2])[0]
    if error not in (0, 36):
        fail(f"topic '{name}' was refused with error {error}")
    wait_for_leaders(port, name, count)


def wait_for_leaders(port, name, count):
    until = time.monotonic() + 10
    while sum(leader >= 0 for leader, _ in partitions(port, name)) < count:
        if time.monotonic() > until:
            fail(f"topic '{name}' found no leaders")
        time.sleep(0.02)


def drop_topic(port, name):
    """DeleteTopics, version 1. It can be made anew at once."""
    answer = ask(port, 20, 1, struct.pack(">i", 1) + text(name) + struct.pack(">i", 10000), timeout=15.0)
    error = struct.unpack(">h", answer[-2:])[0]
    if error:
        fail(f"topic '{name}' was not deleted, error {error}")


def trim_topic(port, name, partition, offset):
    """DeleteRecords, version 0."""
    body = (struct.pack(">i", 1) + text(name) + struct.pack(">i", 1) + struct.pack(">iq", partition, offset)
            + struct.pack(">i", 10000))
    answer = ask(port, 21, 0, body, timeout=15.0)
    error = struct.unpack(">h", answer[-2:])[0]
    if error:
        fail(f"'{name}' [{partition}] was not trimmed, error {error}")


def commit(port, group, name, partition, offset):
    """FindCoordinator, version 0, until the group has one; OffsetCommit, version 2."""
    until = time.monotonic() + 10
    while struct.unpack_from(">h", ask(port, 10, 0, text(group)))[0] and time.monotonic() < until:
        time.sleep(0.05)
    body = (text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(name)
            + struct.pack(">iiq", 1, partition, offset) + text(""))
    error = struct.unpack(">h", ask(port, 8, 2, body)[-2:])[0]
    if error:
        fail(f"position {offset} of group '{group}' was refused with error {error}")


def partitions(port, name=None):
    """(leader or -1, how many copies are in step) of each partition of a topic, or of all: Metadata, version 1."""
    answer = ask(port, 3, 1, struct.pack(">i", 1) + text(name) if name else struct.pack(">i", -1))
    at = 4
    for _ in range(struct.unpack_from(">i", answer, 0)[0]):
        at += 4
        at += 2 + struct.unpack_from(">h", answer, at)[0] + 4
        at += 2 + max(0, struct.unpack_from(">h", answer, at)[0])
    at += 4
    topics = struct.unpack_from(">i", answer, at)[0]
    at += 4
    found = []
    for _ in range(topics):
        at += 2 + 2 + struct.unpack_from(">h", answer, at + 2)[0] + 1
        n = struct.unpack_from(">i", answer, at)[0]
        at += 4
        for _ in range(n):
            error, _, leader = struct.unpack_from(">hii", answer, at)
            at += 10 + 4 + 4 * struct.unpack_from(">i", answer, at + 10)[0]
            in_step = struct.unpack_from(">i", answer, at)[0]
            at += 4 + 4 * in_step
            found.append((-1 if error else leader, in_step))
    return found


def wait_in_step(port, copies, patience_s):
    """Until every partition has a leader and all of its copies in step: then the next broker may go."""
    until = time.monotonic() + patience_s
    while not all(leader >= 0 and n >= copies for leader, n in partitions(port)):
        if time.monotonic() > until:
            fail(f"some partitions have not {copies} copies in step after {patience_s} s")
        time.sleep(0.05)


def grow_topic(port, name, count):
    """CreatePartitions, version 0."""
    before = len(partitions(port, name))
    answer = ask(port, 37, 0, struct.pack(">i", 1) + text(name) + struct.pack(">ii", count, -1)
                 + struct.pack(">i?", 10000, False), timeout=15.0)
    error = struct.unpack_from(">h", answer, 8 + 2 + len(name))[0]
    if error:
        fail(f"'{name}' with its {before} partitions was not given {count}, error {error}")
    wait_for_leaders(port, name, count)


# As AclOperation and ResourceType number them.
OPERATIONS = {"read": 3, "write": 4, "create": 5, "describe": 8, "describe-configs": 10, "idempotent-write": 12}
KINDS = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}


def allow(port, user, operation, kind, name, permission=3):
    """CreateAcls, version 1: all names that begin so where `name` ends with *. A 2 denies, whatever is allowed."""
    prefixed = name.endswith("*")
    body = (struct.pack(">ib", 1, KINDS[kind]) + text(name.rstrip("*")) + struct.pack(">b", 4 if prefixed else 3)
            + text("User:" + user) + text("*") + struct.pack(">bb", OPERATIONS[operation], permission))
    error = struct.unpack_from(">h", ask(port, 30, 1, body, timeout=15.0), 8)[0]
    if error:
        fail(f"'{operation}' on {kind} '{name}' was refused with error {error}")


def add_user(port, user, password):
    """AlterUserScramCredentials, version 0: only a salted digest travels."""
    def short(raw):
        return bytes([len(raw) + 1]) + raw
    salt = secrets.token_bytes(24)
    salted = hashlib.pbkdf2_hmac("sha512", password, salt, 4096)
    body = (b"\0\1\2" + short(user.encode()) + b"\2" + struct.pack(">i", 4096) + short(salt) + short(salted) + b"\0\0")
    until = time.monotonic() + 20
    while True:  # refused with 41 until there is a controller
        answer = ask(port, 51, 0, body, timeout=10.0)
        at = 1 + 4 + 1 + 1 + len(user)
        error = struct.unpack(">h", answer[at:at + 2])[0]
        if not error:
            return
        if time.monotonic() > until:
            fail(f"the user was refused with error {error}")
        time.sleep(0.1)
