"""The doors, one Lambda function each.

Starting up creates some hundred thousand objects that all stay. Looking for garbage among them costs a tenth of the
start and finds none, so the collector is told to look less often (https://docs.python.org/3/library/gc.html).
"""

import gc

gc.set_threshold(100_000, 50, 50)
