"""Take memory until killed."""

taken = []
while True:
    taken.append(bytearray(8 * 1024 * 1024))
    print(len(taken) * 8, flush=True)
