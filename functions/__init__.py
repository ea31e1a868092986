"""The doors: one package per Lambda function.

A cold start creates about 100,000 objects that all stay alive. Garbage collection takes a tenth of that time and frees
nothing, so the thresholds are raised (https://docs.python.org/3/library/gc.html).
"""

import gc

gc.set_threshold(100_000, 50, 50)
