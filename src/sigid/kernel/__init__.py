"""What every domain stands on: ids, time, errors, settings, the database, secrets, mail and the edge of HTTP.

The kernel knows no domain. A module here is imported by its name (`from sigid.kernel import clock`).
"""
