"""How the desk writes a day and a moment: short, and by the clock of twenty-four hours."""
