"""The Redshift Data API in front of a real PostgreSQL, on one port of 127.0.0.1.

    .build-postgresql/bin/python Tests/Support/redshift_data

It starts its own PostgreSQL in a temporary folder and rejects SQL that Redshift does not support (sql.py). Tests control
it under /_control (server.py).

It prints its port and exits with its PostgreSQL when its standard input ends. Requires psycopg and PostgreSQL 15 or later,
which scripts/install-postgresql.sh installs.
"""
import signal
import sys
import threading

from postgresql import PostgreSQL
from server import Server


def main():
    # SIGTERM stops PostgreSQL, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with PostgreSQL() as database:
        server = Server(database)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
        print(server.server_address[1], flush=True)
        server.serve_forever()


main()
