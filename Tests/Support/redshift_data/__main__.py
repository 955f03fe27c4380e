"""The Redshift Data API over a real PostgreSQL, on one port of 127.0.0.1.

    .build-postgresql/bin/python Tests/Support/redshift_data [--s3 URL]

It starts a PostgreSQL of its own in a temporary folder, and refuses the SQL that Redshift does not have (sql.py). COPY
reads from the S3 at --s3. Tests steer it under /_control (server.py).

Prints its port, and ends with its PostgreSQL when standard input does, with whoever started it. Needs psycopg and
PostgreSQL 15 or later, which scripts/install-postgresql.sh installs.
"""
import argparse
import sys
import threading

from postgresql import PostgreSQL
from server import Server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--s3", help="the endpoint that COPY reads from")
    arguments = parser.parse_args()
    with PostgreSQL() as database:
        server = Server(database, arguments.s3)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
        print(server.server_address[1], flush=True)
        server.serve_forever()


main()
