from tests.stripes import stripe, stripe_double

__all__ = ["stripe", "stripe_double"]
