"""A DNS server of a few lines: one zone as a table, over UDP and TCP on loopback."""

import socket
import struct
import threading

TYPES = {"A": 1, "AAAA": 28, "SRV": 33, "NAPTR": 35}
NXDOMAIN, TRUNCATED, UDP_MAX = 3, 0x0200, 512


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def text(value):
    return bytes([len(value)]) + value.encode()


def encode(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "SRV":
        priority, weight, port, target = value
        return struct.pack("!HHH", priority, weight, port) + encode_name(target)
    order, preference, service, replacement = value
    return struct.pack("!HH", order, preference) + text("s") + text(service) + text("") + encode_name(replacement)


def bind():
    """A UDP and a TCP socket of one port."""
    while True:
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            return udp, tcp
        except OSError:
            tcp.close()
            udp.close()


class Zone:
    """records: (name, type, value); a value of None is silence, a number is that response code."""

    def __init__(self, *records):
        self.records = {}
        for name, kind, value in records:
            self.records.setdefault(name, {}).setdefault(TYPES[kind], []).append((kind, value))
        self.asked = []
        self.sock, self.tcp = bind()
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        for serve in (self.serve, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.sock.close()
        self.tcp.close()

    def serve(self):
        while True:
            try:
                question, peer = self.sock.recvfrom(4096)
                answer = self.answer(question)
                if answer and len(answer) > UDP_MAX:
                    flags = struct.unpack("!H", answer[2:4])[0] | TRUNCATED
                    answer = answer[:2] + struct.pack("!HHHHH", flags, 1, 0, 0, 0) + question[12:]
                if answer:
                    self.sock.sendto(answer, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                peer, _ = self.tcp.accept()
                with peer:
                    length = struct.unpack("!H", peer.recv(2, socket.MSG_WAITALL))[0]
                    answer = self.answer(peer.recv(length, socket.MSG_WAITALL))
                    peer.sendall(struct.pack("!H", len(answer)) + answer)
            except OSError:
                return

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, kind = ".".join(labels).lower(), struct.unpack("!H", question[at + 1:at + 3])[0]
        self.asked.append((name, kind))
        found = self.records.get(name)
        values = (found or {}).get(kind, [])
        code = 0 if found else NXDOMAIN
        if any(value is None for _, value in values):
            return None
        if any(isinstance(value, int) for _, value in values):
            code, values = values[0][1], []
        body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
                        for data in (encode(k, value) for k, value in values))
        head = question[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(values), 0, 0)
        return head + question[12:at + 5] + body
