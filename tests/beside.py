"""Who runs which file when several run beside each other: two take all there is, a third what does little but wait.

Whole counties keep every core busy: with one in each of three, what is tested would wait for what is not.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Departments in the test's own process hang, drip and are waited for; hubs wait for leases and turns.
WAITING = ("adapters/", "tests/db_view/", "tests/gateway/", "tests/house/test_adapters.py", "tests/inbox/",
           "tests/legs/", "tests/login/", "tests/protocols/", "tests/systems/test_contract.py")  # fmt: skip
_WHO_WAITS = "gw2"


class Beside(LoadFileScheduling):
    def _assign_work_unit(self, node: WorkerController) -> None:
        waiting = [file for file in self.workqueue if file.startswith(WAITING)]
        others = [file for file in self.workqueue if not file.startswith(WAITING)]
        fit = waiting if node.gateway.id == _WHO_WAITS else [*others, *reversed(waiting)]
        if not fit:
            node.shutdown()
            return
        self.workqueue.move_to_end(fit[0], last=False)
        super()._assign_work_unit(node)
