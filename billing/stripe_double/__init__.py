"""A Stripe of our own on the loopback interface: no real money, no network, real behaviour.

It is what a site without keys pays with (`make run`), and the Stripe of the tests. The real
`stripe` package speaks to it over HTTP; every request is checked against Stripe's own types
at any depth (`schema.py`), objects keep their state (`world.py`), and what Stripe tells later
comes by signed webhooks (`courier.py`). Standard library only; it knows nothing of the site.
"""
