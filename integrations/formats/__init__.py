"""How foreign letters are written, whoever sent them: JSON and tables, read row by row with nothing lost and nothing guessed."""
