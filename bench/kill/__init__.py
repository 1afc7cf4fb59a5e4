"""Killed under load: what was acknowledged is there, nothing is there twice, and work goes on.

`python -m bench.kill` serves the program with servers of its own, lets trucks book, pay and cross,
kills now this process of it and now that, and looks after each kill whether the books agree with
what the callers were told. It measures nothing.
"""
