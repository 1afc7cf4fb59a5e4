"""Reference tables: what others have laid down, carried as files with their source and licence.

`catalogue` reads them; `data/` holds them; `SOURCES.md` says where each is from, under which
licence, and what was changed. `samples/` holds declarations made by others, for the demo zone.
"""
