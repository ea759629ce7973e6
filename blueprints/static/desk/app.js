// The desk: cases, appeals and clues, the community's tasks, reviews of health declarations.
import { createApp } from "../shared/html.js";
import { office } from "../shared/office.js";
import { t } from "../shared/words.js";
import { Appeals } from "./appeals.js";
import { Cases } from "./cases.js";
import { Looks } from "./looks.js";
import { Orders } from "./orders.js";
import { Ratings } from "./ratings.js";
import { present, Reviews } from "./reviews.js";
import { Tasks } from "./tasks.js";

const rooms = [
  { id: "cases", title: () => t("办件", "Cases"), needs: "case.read", view: Cases },
  { id: "tasks", title: () => t("任务", "Tasks"), needs: "task.read", view: Tasks },
  { id: "appeals", title: () => t("诉求与线索", "Appeals and clues"), needs: "appeal.read", view: Appeals },
  { id: "looks", title: () => t("依令查找", "Looks by order"), needs: "trace.write", view: Looks },
  { id: "ratings", title: () => t("差评整改", "Bad ratings"), needs: "case.read", view: Ratings },
  { id: "reviews", title: () => t("健康申报复核", "Health reviews"), shown: () => present.reviews, view: Reviews },
  { id: "orders", title: () => t("查看命令", "Orders"), needs: "order.read", view: Orders },
];

const title = () => t("县通 · 经办台", "Xiantong · desk");
const hint = () => t("窗口、科室和社区工作人员登录。每次查看办件都会记录。", "For officers and community staff. Every look at a case is recorded.");

createApp(office(title, hint, rooms)).mount("#app");
