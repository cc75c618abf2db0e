#!/usr/bin/python3
"""A peer for the HTTP figures: the same page of servers by Python's own HTTP server, TLS and SQLite.

Usage: peer_http.py CERTIFICATE KEY DATABASE   (prints its port; serves until it is killed)

The database has one table, server(id, body), and an index of the ids alone, so that neither the way to a page
nor the count reads the bodies of all; a request reads one page of 25 rows and the count.
"""
import http.server
import sqlite3
import ssl
import sys
import threading
import urllib.parse

PER_PAGE = 25


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    of_thread = threading.local()

    def do_GET(self):
        database = getattr(self.of_thread, "database", None)
        if database is None:
            database = self.of_thread.database = sqlite3.connect(f"file:{sys.argv[3]}?mode=ro", uri=True)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        page = int(query.get("page", ["1"])[0])
        rows = database.execute(
            "SELECT body FROM server WHERE id IN (SELECT id FROM server INDEXED BY server_order ORDER BY id LIMIT ? OFFSET ?) ORDER BY id",
            (PER_PAGE, (page - 1) * PER_PAGE))
        body = '{"servers":[' + ",".join(row[0] for row in rows)
        total = database.execute("SELECT count(*) FROM server INDEXED BY server_order").fetchone()[0]
        body = (body + f'],"meta":{{"pagination":{{"page":{page},"total_entries":{total}}}}}}}').encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


main()
