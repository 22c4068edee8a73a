from . import __ALGO__


def test_says_hello():
    assert __ALGO__.apply("Jane") == "Hello Jane"
