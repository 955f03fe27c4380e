#!/usr/bin/env python3
"""A moto server on 127.0.0.1 that prints its port and exits when its standard input ends.

It processes one request at a time, because moto loses records that are written concurrently.
"""
import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environment, start_response):
    with turn:
        return list(application(environment, start_response))


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.port, flush=True)
server.serve_forever()
