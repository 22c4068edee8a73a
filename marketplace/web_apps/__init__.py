"""The origins of web apps, where nothing of the site's own is served."""
