"""The crime lab: a ledger, a store and a token server behind real HTTP that break their word as told, and a TCP proxy that breaks the line.

Each keeps an append-only log of what really took effect; that log is the judge, whatever was answered.

    with lab.ledger.Ledger(folder) as ledger:              # listens on a port of 127.0.0.1; `python -m tests.lab.ledger FOLDER` runs it as a process
        with lab.proxy.Proxy(ledger.port) as line:         # optional: our session calls line.port instead
            world = lab.world.make(ledger, port=line.port)  # a shop whose books lie at that ledger (see tests/outbox_world.py)
            ledger.plan("book", crimes.LOST)               # the next booking takes effect and its reply is lost
            line.toxics = [proxy.Cut(after=40)]            # the line breaks after 40 bytes of each answer
            ...
            ledger.times_booked()                          # what the judge saw

`crimes.py` lists the crimes. They come as planned (`plan`), or by chance from a seed (`by_chance`), and stop with `honest()`.
`clock.py` moves the time of the database and of our modules without waiting for it.
"""
