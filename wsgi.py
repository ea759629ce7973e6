"""The web app for any WSGI server: opens the hub that the environment names, and closes it with the process."""

import os
from multiprocessing.util import Finalize
from pathlib import Path

from blueprints.app import create_app
from hub import logs
from hub.demo.drills import Drills
from hub.main import Hub

logs.configure()
hub = Hub.open(Path(os.environ.get("HUB_HOME", "var")), os.environ)
hub.start()
Finalize(hub, hub.close, exitpriority=1)  # atexit is not called in a server's forked workers
public = hub.settings.now.hub.ops_listener == "own" and os.environ.get("HUB_LISTENER") != "operations"
demo = os.environ.get("HUB_DEMO")  # set by `hub demo` alone
app = create_app(hub, ops=not public, demo=Drills(Path(demo)) if demo else None)
