"""Everything that holds ordersync to what it promises; each test is a sentence."""
