"""What answers unpack to is their sender's choice, what it costs is ours: measured in a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKED_ANSWERS = """
import gzip, io, resource, sys, threading, zipfile, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from core.errors import VendorError
from core.settings import VendorSettings
from feeds.http import Fetcher, Payload
from feeds.records import rows

# Harmless stand-ins of one megabyte of zeros, over and over: 150 MB once unpacked.
piece, whole = zlib.compressobj(9, zlib.DEFLATED, 31), io.BytesIO()
for _ in range(150):
    whole.write(piece.compress(bytes(1_000_000)))
whole.write(piece.flush())
once = whole.getvalue()
twice = gzip.compress(once)

zipped = io.BytesIO()
with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as one:
    for _ in range(150):
        one.write(bytes(1_000_000))
answers = {
    "/gzip": ("gzip", once), "/twice": ("gzip", twice),
    "/both": ("gzip, gzip", twice), "/deflate": ("deflate", once[10:-8]),
    "/br": ("br", once), "/none": ("identity", once),
}

class Vendor(BaseHTTPRequestHandler):
    def do_GET(self):
        packing, body = answers[self.path]
        self.send_response(200)
        self.send_header("Content-Encoding", packing)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
threading.Thread(target=server.serve_forever, daemon=True).start()
fetcher = Fetcher(VendorSettings(timeout=5.0, attempts=1))
held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refused = 0
contents = {"zip": zipped.getvalue()}
for path in answers:
    try:
        contents[path] = fetcher.get(f"http://127.0.0.1:{server.server_address[1]}{path}",
                                     limit=2_000_000)
    except VendorError:
        refused += 1
import feeds.records
feeds.records.BULK_LIMIT = 2_000_000
for name, content in contents.items():
    try:
        list(rows(Payload(name, content)))
    except VendorError:
        refused += 1
print(refused, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) // 1024)
"""


@pytest.mark.world
@pytest.mark.timeout(60)
def test_no_packed_answer_costs_memory_beyond_its_limit_however_often_it_is_packed():
    # In a process of its own. The shell between them: what starts a process passes on its own
    # size as the most memory that the new one ever had.
    run = subprocess.run(
        ["/bin/sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", PACKED_ANSWERS],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    refused, megabytes = map(int, run.stdout.split())
    assert refused == 7  # six answers, of which some only when they are read, and a zip
    assert megabytes < 40
