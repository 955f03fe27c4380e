"""A strict fake of Kinesis, of Lambda's event source mappings and of CloudWatch's figures, on one port of 127.0.0.1.

    python3 Tests/Support/strict_aws

It does what moto does not, and what we depend on: pages, states that take time, conflicts, limits, refused
entries, iterators that expire, shards that end, clocks that differ. It keeps to the API's models and to AWS's
documents; the texts of errors may differ.

Prints its port, and ends when standard input does, with whoever started it. Tests steer it under /_control
(control.py). Only the standard library is needed.
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
