// A frame with a page to step through follows the reader's choice of a light or dark page.

const frames = () => document.querySelectorAll("iframe.step-through");
const tell = (frame) => frame.contentWindow.postMessage({ edgewise: document.body.dataset.theme ?? "auto" }, "*");

for (const frame of frames()) {
  tell(frame);
  frame.addEventListener("load", () => tell(frame));
}
new MutationObserver(() => frames().forEach(tell)).observe(document.body, { attributeFilter: ["data-theme"] });
