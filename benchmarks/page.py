"""How fast the step-through page of 2 000 values loads and steps: ``python benchmarks/page.py [stride] [repeats]``.

It takes playwright and a Chromium on the PATH, which draws in software. A step is timed from the key to the end of the
frame that shows it; of each step the fastest of the repeats counts, since other work on the machine only adds.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

import edgewise as ew

STEPS = """async stride => {
  const slider = document.getElementById("edgewise").shadowRoot.querySelector(".slider");
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  const times = [];
  for (let at = 0; at < Number(slider.max); at += stride) {
    slider.value = at;
    slider.dispatchEvent(new Event("input"));
    await frame();
    await frame();
    const begin = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    await frame();
    times.push(performance.now() - begin);
  }
  return times;
}"""
LOADED = "performance.getEntriesByType('navigation')[0].domComplete"


def pendulum(q, v, w, g):
    for _ in range(249):
        v = v - 0.05 * (w * np.sin(q) + g * v)
        q = q + 0.05 * v
    return q**2 + v**2


def measure(page: Page, address: str, keys: str, stride: int) -> tuple[float, list[float]]:
    page.goto(address)
    loaded = page.evaluate(LOADED)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    return loaded, page.evaluate(STEPS, stride)


def main(stride: int = 13, repeats: int = 3) -> None:
    e = ew.explain(pendulum, 0.8, 0.0, 1.3, 0.1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "page.html"
        e.to_html(file)
        print(f"{len(e)} values, {len(e.edges)} edges, {file.stat().st_size >> 10} KB")
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name, keys in (("groups closed", ""), ("all boxes open", "e")):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            runs = [measure(page, file.as_uri(), keys, stride) for _ in range(repeats)]
            steps = sorted(np.min([times for _, times in runs], axis=0))
            loads = min(loaded for loaded, _ in runs)
            median, most = np.median(steps), np.quantile(steps, 0.99)
            print(f"{name}: loads in {loads:.0f} ms; {len(steps)} steps take {median:.0f} ms in the median,", end=" ")
            print(f"{most:.0f} in the 99th percentile, {steps[-1]:.0f} at most")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
