"""Middleware for suites whose pages send several files at once: the threads of a live server share
one connection where SQLite is in memory, and would end each other's savepoints."""

import threading

_turn = threading.RLock()


def one_at_a_time(get_response):
    def middleware(request):
        with _turn:
            return get_response(request)

    return middleware
