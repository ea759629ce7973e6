// The volunteer's gate: sign in, begin a shift, scan. It opens without a net once it was opened with one.
import { createApp, html, onMounted, ref, watch } from "../shared/html.js";
import { resume, session } from "../shared/api.js";
import { Head } from "../shared/frame.js";
import { Login } from "../shared/login.js";
import { t } from "../shared/words.js";
import { endShift, kept } from "./kept.js";
import { Scanning } from "./scanning.js";
import { Shift } from "./shift.js";

const title = () => t("县通 · 卡口核验", "Xiantong · gate");
const hint = () => t("值守负责人登录后为这部手机开一个班次；班次结束自动退出。", "Whoever leads signs in and opens a shift for this phone; it ends by itself.");
const isOver = (shift) => shift?.ends && Date.parse(shift.ends) < Date.now();

const Gate = {
  setup() {
    const ready = ref(false);
    onMounted(async () => {
      if (isOver(kept.shift)) endShift();
      if (session.tokens && kept.shift) session.me = kept.shift.me; // without a net nobody else can say who this is
      else await resume();
      ready.value = true;
    });
    watch(() => session.me, (me) => me || endShift());
    function inside() {
      if (!session.me) return html`<${Login} title=${title()} hint=${hint()} />`;
      return kept.shift ? html`<${Scanning} />` : html`<${Shift} />`;
    }
    return () => {
      document.title = title();
      return html`<${Head} title=${title()} />${ready.value && inside()}`;
    };
  },
};

createApp(Gate).mount("#app");
navigator.serviceWorker?.register("/gate/worker.js", { scope: "/gate" });
