"""Who is told of what happens at the gate."""
