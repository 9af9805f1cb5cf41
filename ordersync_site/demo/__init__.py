"""A company that does not exist: its shops' orders in the stores' own formats, its books, its people, and a walk from one to the other."""
