"""What things cost: dated rates, the assessment they lead to, and the next resolution."""
