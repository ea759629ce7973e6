// The operators' console: its rooms, each shown to whoever may see it and only where the hub has it.
import { createApp } from "../shared/html.js";
import { office } from "../shared/office.js";
import { t } from "../shared/words.js";
import { Audit, Config } from "./record.js";
import { Calls } from "./calls.js";
import { Inbound, Jobs, Quotas } from "./work.js";
import { Flow, LedgerRoom, present } from "./more.js";
import { Matches } from "./matches.js";
import { Services } from "./services.js";
import { Sharing } from "./sharing.js";
import { Systems } from "./systems.js";
import { Changes } from "./switching.js";

const rooms = [
  { id: "systems", title: () => t("系统状态", "Systems"), needs: "system.read", view: Systems },
  { id: "services", title: () => t("服务开关", "Services"), needs: "service.read", view: Services },
  { id: "calls", title: () => t("失败与追踪", "Failures and traces"), needs: "call.read", view: Calls },
  { id: "changes", title: () => t("开关历史", "Switch history"), needs: "switch.read", view: Changes },
  { id: "jobs", title: () => t("后台任务", "Jobs"), needs: "job.read", view: Jobs },
  { id: "inbound", title: () => t("部门来件", "Callbacks"), needs: "job.read", view: Inbound },
  { id: "quotas", title: () => t("配额", "Quotas"), needs: "system.read", view: Quotas },
  { id: "sharing", title: () => t("数据共享", "Data sharing"), shown: () => present.sharing, view: Sharing },
  { id: "matches", title: () => t("存疑记录", "Rows in doubt"), needs: "match.read", view: Matches },
  { id: "ledger", title: () => t("存证账本", "Ledger"), shown: () => present.ledger, view: LedgerRoom },
  { id: "flow", title: () => t("人员流动", "Flow"), shown: () => present.flow, view: Flow },
  { id: "audit", title: () => t("操作记录", "Record of acts"), needs: "audit.read", view: Audit },
  { id: "config", title: () => t("配置差异", "Configuration"), needs: "config.read", view: Config },
];

const title = () => t("县通 · 运行控制台", "Xiantong · operations console");
const hint = () => t("运行、审计和系统管理人员登录。每次操作都会记录。", "For operators, auditors and administrators. Every act is recorded.");

createApp(office(title, hint, rooms)).mount("#app");
