"""`python -m api`: the same as `border`."""

from api.command import main

main()
