"""Our own spreadsheets: what every list and book looks like as a file, going out and coming back."""
