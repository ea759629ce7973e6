"""Who runs which file when several run beside each other: two take all there is, a third what does little but wait.

Three that do anything would keep two processors from those whose deadlines are tested; two leave them idle for a third
of the time.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Departments within the test's own process, that hang, drip and are waited for.
WAITING = ("tests/protocols/", "tests/db_view/", "tests/gateway/", "tests/house/test_adapters.py",
           "tests/systems/test_contract.py", "adapters/")  # fmt: skip
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
