"""How code is built and run; knows no algorithm, person or price."""
