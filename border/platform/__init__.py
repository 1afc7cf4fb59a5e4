"""What leaves the zone: the feed handed on to the province's platform and its centre."""
