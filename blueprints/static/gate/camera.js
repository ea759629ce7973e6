// The camera: the browser's own reader of QR codes where there is one, else jsQR on the picture.
import { html, onMounted, onUnmounted, ref } from "../shared/html.js";
import { t } from "../shared/words.js";

const EVERY_MS = 150;
const WIDEST = 640;

async function reader() {
  if ("BarcodeDetector" in window) {
    const kinds = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (kinds.includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue || "";
    }
  }
  const { default: jsQR } = await import("/vendor/qr.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    const scale = Math.min(1, WIDEST / video.videoWidth);
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    return jsQR(picture.data, picture.width, picture.height)?.data || "";
  };
}

export const Camera = {
  emits: ["read"],
  setup(_, { emit }) {
    const video = ref(null);
    const problem = ref("");
    let stream = null;
    let timer = 0;
    let gone = false;
    async function look(read) {
      if (gone) return;
      const text = video.value?.readyState >= 2 ? await Promise.resolve(read(video.value)).catch(() => "") : "";
      if (gone) return;
      if (text) emit("read", text);
      else timer = setTimeout(() => look(read), EVERY_MS);
    }
    onMounted(async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        if (gone) return stream.getTracks().forEach((track) => track.stop());
        video.value.srcObject = stream;
        await video.value.play();
        look(await reader());
      } catch {
        problem.value = t("打不开摄像头，请允许使用，或手工输入。", "The camera cannot be opened. Allow it, or type the code.");
      }
    });
    onUnmounted(() => {
      gone = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    });
    return () => html`
      <div class="camera">
        <video ref=${video} playsinline muted aria-label=${t("摄像头画面", "Camera picture")}></video>
        <span class="aim" aria-hidden="true"></span>
        ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      </div>`;
  },
};
