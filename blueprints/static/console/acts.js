// What staff did, in words: an act is a thing and a deed, "case.write". And what the hub's own jobs are for.
import { t } from "../shared/words.js";
import { withCode } from "./names.js";

const THINGS = {
  appeal: () => t("申诉", "Appeals"), audit: () => t("操作记录", "Record of acts"), call: () => t("调用记录", "Calls"), case: () => t("办件", "Cases"),
  catalogue: () => t("数据目录", "Data catalogue"), code: () => t("健康码", "Health codes"), config: () => t("配置", "Configuration"),
  filing: () => t("报送", "Filings"), session: () => t("登录", "Sessions"), systems: () => t("部门系统", "Systems"),
  credential: () => t("证照", "Licences"), data: () => t("共享数据", "Shared data"), flow: () => t("人流", "Flow of people"), gate: () => t("卡口", "Gates"),
  grant: () => t("数据授权", "Data rights"), health: () => t("健康申报", "Health declarations"), job: () => t("后台任务", "Jobs"), ledger: () => t("存证", "Ledger"),
  leg: () => t("往来报文", "Messages with departments"), match: () => t("人员比对", "Matching of persons"), message: () => t("消息", "Messages"), notice: () => t("通知", "Notices"),
  order: () => t("调阅令", "Orders"), recognition: () => t("跨区互认", "Recognition"), service: () => t("服务", "Services"), staff: () => t("工作人员", "Staff"),
  supervision: () => t("监督", "Supervision"), switch: () => t("开关", "Switches"), system: () => t("部门系统", "Systems"), task: () => t("任务", "Tasks"), trace: () => t("流调", "Tracing"),
};

const DEEDS = {
  begin: () => t("开始", "begin"), settle: () => t("人工了结", "settle"), record: () => t("录样", "record a sample"),
  assign: () => t("指派", "assign"), bring: () => t("送入", "bring"), call: () => t("电话联系", "telephone"), confirm: () => t("复核", "confirm"), import: () => t("导入", "import"),
  investigate: () => t("查证", "investigate"), query: () => t("查询", "query"), read: () => t("查看", "look"), reply: () => t("答复", "reply"), rerun: () => t("重发", "ask again"),
  seal: () => t("封存", "seal"), search: () => t("检索", "search"), shift: () => t("当班", "shift"), undo: () => t("撤销", "undo"), verify: () => t("核验", "check"), write: () => t("办理", "change"),
};

const TASKS = {
  "exchange.batch": () => t("批量数据文件", "Batch files of data"), "filings.ring": () => t("向部门报送", "Filing with departments"),
  messages_notice: () => t("通知群发", "Spreading a notice"), messages_push: () => t("发送消息", "Sending messages"), "reruns.run": () => t("重发报文", "Asking departments again"),
};

export function actName(code) {
  const [thing, deed] = code.split(".").map((part, at) => (at ? DEEDS : THINGS)[part]?.());
  return withCode(thing && deed && `${thing} · ${deed}`, code);
}

export const taskName = (code) => withCode(TASKS[code]?.(), code);
