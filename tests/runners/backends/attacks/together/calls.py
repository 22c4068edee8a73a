"""Ask the kernel for every call of the filter's list; none may run."""

from attempt import HOST, call, error_of, must_fail, must_hold

for name, number in HOST["denied_calls"].items():
    answer = error_of(number, 0, 0, 0, 0, 0, 0)
    must_hold(f"{name} refused, not {answer}", answer in ("EPERM", "ENOSYS"))
must_hold("a call unknown here", error_of(1000, 0) == "ENOSYS")
must_hold("clone3 sends libraries to clone", error_of(HOST["clone3"], 0, 0) == "ENOSYS")
must_fail("typing into a terminal", lambda: call(HOST["ioctl"], 0, 0x5412, 0))
