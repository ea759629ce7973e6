import { defineConfig } from "vite";
import uniPlugin from "@dcloudio/vite-plugin-uni";

const uni = uniPlugin.default || uniPlugin;

// The framework's own styles name a picture on its maker's host; a county's network may have no way there.
const nothingFromElsewhere = {
  name: "nothing-from-elsewhere",
  enforce: "post",
  generateBundle(_, bundle) {
    for (const each of Object.values(bundle)) {
      if (each.type === "asset" && each.fileName.endsWith(".css")) {
        each.source = String(each.source).replace(/url\(["']?https?:[^)]*\)/g, "none");
      }
    }
  },
};

export default defineConfig({ plugins: [uni(), nothingFromElsewhere], build: { assetsInlineLimit: 0 } });
