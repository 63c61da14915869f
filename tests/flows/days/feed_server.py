"""A feed on this machine that always says the same."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def a_server(content, status=200, *, echo=False):
    """Serve the same content to every request.

    With ``echo`` as some servers do: what was asked stands in the status line, and for ``ASKED``.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            told = content.replace(b"ASKED", self.path.encode()) if echo else content
            self.send_response(status, self.path if echo else None)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
