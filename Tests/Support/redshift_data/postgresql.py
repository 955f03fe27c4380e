"""A PostgreSQL server that runs as long as the program."""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from glob import glob

import psycopg

# MERGE requires version 15.
OLDEST = 15
# Durability is disabled. Without a TCP port, it cannot conflict with another server.
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off",
    "full_page_writes": "off", "max_connections": "100",
}


class PostgreSQL:
    def __init__(self):
        folders = {int(path.split("/")[4]): path for path in glob("/usr/lib/postgresql/[0-9]*/bin")}
        newest = max(folders, default=0)
        if newest < OLDEST:
            raise SystemExit(f"PostgreSQL {OLDEST} or later is needed; run scripts/install-postgresql.sh")
        self.programs = folders[newest]
        self.folder = tempfile.mkdtemp(prefix="postgresql-")
        # The server refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)

    def __enter__(self):
        self.run("initdb", "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = [
            word for name, value in {**SETTINGS, "unix_socket_directories": self.folder}.items()
            for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [f"{self.programs}/postgres", "-D", f"{self.folder}/data", *settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self.user,
            cwd=self.folder)
        self.wait()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)  # at once
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments):
        subprocess.run(
            [f"{self.programs}/{program}", "-D", f"{self.folder}/data", *arguments], check=True,
            stdout=subprocess.DEVNULL, user=self.user, cwd=self.folder)

    def wait(self):
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    raise SystemExit("PostgreSQL ended while it was starting") from None
                time.sleep(0.02)

    def connect(self, reads_escapes=False, user="test", isolation=None):
        """
        - reads_escapes: whether a backslash in a literal is an escape, as Redshift has it.
        - isolation: of transactions, such as "repeatable read"; None for the server's default.
        """
        options = "-c escape_string_warning=off -c client_min_messages=error -c timezone=UTC"
        if reads_escapes:
            options += " -c standard_conforming_strings=off"
        connection = psycopg.connect(
            f"host={self.folder} user={user} dbname=postgres", autocommit=True, options=options)
        if isolation:
            connection.isolation_level = psycopg.IsolationLevel[isolation.upper().replace(" ", "_")]
        return connection
