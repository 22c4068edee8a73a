"""`python -m billing.stripe_double --port 12111`: the double by itself, for trying things out."""

from __future__ import annotations

import argparse
import sys
import threading

from billing.stripe_double import endpoints, server
from billing.stripe_double.world import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--key", default="sk_test_double")
    parser.add_argument("--webhook", default="", help="where events are sent")
    parser.add_argument("--secret", default="whsec_double", help="what they are signed with")
    given = parser.parse_args()
    world = World(key=given.key)
    if given.webhook:
        endpoints.send_everything_to(world, given.webhook, given.secret)
    double = server.start(world, port=given.port)
    sys.stdout.write(f"{double.address}\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        double.stop()


if __name__ == "__main__":
    main()
