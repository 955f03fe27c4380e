"""The Redshift Data API over a real PostgreSQL, on one port of 127.0.0.1.

    .build-postgresql/bin/python Tests/Support/redshift_data

It starts a PostgreSQL of its own in a temporary folder, and refuses the SQL that Redshift does not have (sql.py). Tests
steer it under /_control (server.py).

Prints its port, and ends with its PostgreSQL when standard input does, with whoever started it. Needs psycopg and
PostgreSQL 15 or later, which scripts/install-postgresql.sh installs.
"""
import signal
import sys
import threading

from postgresql import PostgreSQL
from server import Server


def main():
    # Its PostgreSQL ends with it also when it is told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with PostgreSQL() as database:
        server = Server(database)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
        print(server.server_address[1], flush=True)
        server.serve_forever()


main()
