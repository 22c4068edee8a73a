"""The native REST API about people: me, my keys, my organizations.

Its use cases are those of marketplace.accounts; it is a package of its own because REST views
stand on marketplace.api, which itself knows accounts.
"""
