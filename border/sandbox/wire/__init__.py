"""What goes over the wire to and from the sandbox's gateways, and what it is kept as."""
