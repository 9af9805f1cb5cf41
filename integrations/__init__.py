"""The post: brings foreign letters in and carries signed documents out; it decides nothing."""
