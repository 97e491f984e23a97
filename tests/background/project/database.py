"""Makes the database of the sites, with every table, or drops it: ``make`` or ``drop``."""

import sys

import django


def main(verb):
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor != "sqlite":
        name = connection.settings_dict["NAME"]
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")
            if verb == "make":
                cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")
    if verb == "make":
        call_command("migrate", run_syncdb=True, verbosity=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
