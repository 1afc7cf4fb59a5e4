"""The program `border`: the command line, and the documents it prints. `python -m api` too."""

from api.cli.command import main
from api.cli.printing import asyncapi, openapi

__all__ = ["main"]

main.add_command(openapi)
main.add_command(asyncapi)

if __name__ == "__main__":
    main()
