"""A strict fake of Kinesis, Lambda's event source mappings and CloudWatch metrics, on one port of 127.0.0.1.

    python3 Tests/Support/strict_aws

It implements what moto lacks and the program depends on: pages, delayed state changes, conflicts, limits, rejected
entries, expiring iterators, closed shards, clock differences. It follows the API models and AWS's documentation; the texts
of errors may differ.

It prints its port and exits when its standard input ends. Tests control it under /_control (control.py). It requires only
the standard library.
"""
import os
import sys
import threading

from server import Server


def main():
    server = Server()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
