"""The page as people meet it, in Chromium without a display: what it shows at each step, and what it never does."""

from __future__ import annotations

import html
import pathlib
import shutil

import pytest

from edgewise.explain import page as module

pytestmark = pytest.mark.needs("playwright", "program:chromium")

AXE = pathlib.Path(__file__).parents[3] / "viewer/node_modules/axe-core/axe.min.js"
FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu"]
        running = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield running
        running.close()


@pytest.fixture
def show(chromium, trace, tmp_path):
    """``show(name)`` opens the page of a trace offline; at the end, nothing was requested, complained of or run."""
    opened = []

    def open_page(name, *, text=None, **context):
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1280, "height": 800}} | context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        page.on("request", lambda request: page.requests.append(request.url))
        file = tmp_path / "page.html"
        file.write_text(text or module.render(trace(name)), encoding="utf-8")
        page.goto(file.as_uri())
        opened.append((context, page, file.as_uri()))
        return page

    yield open_page
    for context, page, address in opened:
        assert page.complaints == []
        assert [url for url in page.requests if url != address and not url.startswith("data:")] == []
        assert page.evaluate("typeof window.hacked") == "undefined"
        context.close()


def box(page, name):
    return page.locator(f'.box[aria-label^="{name},"]')


def figures(page, name):
    """What stands in a box: its value and its derivative, as far as they are there."""
    texts = [box(page, name).locator(kind) for kind in ("text.value", "text.flow")]
    return [text.text_content() for text in texts if text.is_visible()]


def sentence(page):
    return page.locator(".status p").text_content()


def step(page, count=1):
    for _ in range(count):
        page.keyboard.press("ArrowRight")


def test_forward_the_values_appear_one_by_one(show):
    page = show("small")
    page.keyboard.press("Home")
    assert page.locator(".box.on").count() == 0
    shown = []
    for done in range(1, 7):
        step(page)
        assert page.locator(".box.on").count() == done
        shown.append(sentence(page))
    assert shown == [
        "a is given: 3",
        "b is given: 2",
        "c is given: 1",
        "v3 = a * b gives 6",
        "s = v3 + c gives 7",
        "L = s**2 gives 49",
    ]
    assert [figures(page, name) for name in ("a", "b", "c", "v3", "s", "L")] == [
        ["3"],
        ["2"],
        ["1"],
        ["6"],
        ["7"],
        ["49"],
    ]


def test_backward_the_adjoints_flow_along_the_edges(show):
    page = show("small")
    page.keyboard.press("b")
    assert sentence(page) == "L = s**2 gives 49"
    step(page)
    assert figures(page, "L") == ["49", "1"]
    products = {"s": "14 × 1 = 14", "v3": "1 × 14 = 14", "c": "1 × 14 = 14", "a": "2 × 14 = 28", "b": "3 × 14 = 42"}
    for name, product in products.items():
        step(page)
        assert page.locator(".current").text_content() == product
        assert page.locator(".line.now").count() == 1
        assert figures(page, name)[1] == product.rpartition(" ")[2]
    assert page.locator(".count-of").text_content() == "12 / 12"
    labels = [label.text_content() for label in page.locator(".label .flow").all()]
    assert sorted(labels) == ["14", "14", "14", "28", "42"]


def test_contributions_add_up_where_paths_meet(show, trace):
    page = show("sixty")
    meant = trace("sixty")
    edges = [e for e in meant["edges"] if e["from"] == 2]
    page.locator(".trace tbody tr", has_text="w").first.click()
    assert page.locator("table.rule tbody tr").count() == len(edges) == 7
    total = sum(e["partial"] * meant["nodes"][e["to"]]["adjoint"] for e in edges)
    assert float(page.locator("table.rule tfoot td").text_content().replace("−", "-")) == pytest.approx(total, rel=1e-3)
    arrivals = [k for k, (kind, i) in enumerate(meant["steps"]) if kind == "b" and meant["edges"][i]["from"] == 2]
    page.get_by_label("Step", exact=True).fill(str(arrivals[0] + 1))
    first = next(e for e in edges if e["id"] == meant["steps"][arrivals[0]][1])
    so_far = page.locator(".who dd.flow").text_content()
    assert float(so_far.replace("−", "-")) == pytest.approx(first["contrib"], rel=1e-3)
    assert "so far" in (box(page, "w").get_attribute("aria-label") or "so far")


def test_forward_mode_carries_tangents_along_the_edges(show):
    page = show("forward")
    page.keyboard.press("b")
    step(page, 4)
    assert sentence(page) == "s to L: local derivative 14 times tangent 2 gives 28"
    assert figures(page, "L") == ["49", "28"]
    assert figures(page, "b") == ["2"]
    heads = page.locator(".arrow.flowed:not(.off)")
    assert heads.count() == 3


def test_a_trace_without_steps_is_played_in_the_order_of_its_values(show):
    page = show("bare")
    assert page.locator(".count-of").text_content() == "12 / 12"
    products = []
    for _ in range(5):
        products.append(page.locator(".current").text_content())
        page.keyboard.press("ArrowLeft")
    assert products == ["3 × 14 = 42", "2 × 14 = 28", "1 × 14 = 14", "1 × 14 = 14", "14 × 1 = 14"]


def test_a_trace_of_nothing_is_a_page_too(show):
    page = show("empty")
    assert page.locator("h1").text_content() == "nothing"
    for key in ("Home", "ArrowRight", "End", "Space", "b", "e", "f", "+", "Escape"):
        page.keyboard.press(key)


@pytest.mark.parametrize(("at", "said"), [(0, "0 / 12"), (6, "6 / 12"), (12, "12 / 12"), (99, "12 / 12")])
def test_a_page_opens_at_the_step_it_was_asked_for(show, trace, at, said):
    page = show("", text=module.render(trace("small"), at=at))
    assert page.locator(".count-of").text_content() == said
    assert page.locator(".box.on").count() == min(at, 6)


def test_of_many_readers_those_around_the_current_one_are_listed(show, trace):
    """The parameter w is read in each of 249 passes; the sum below is that of all of them."""
    page, meant = show("large"), trace("large")
    arrivals = [k for k, (kind, i) in enumerate(meant["steps"]) if kind == "b" and meant["edges"][i]["from"] == 2]
    assert len(arrivals) == 249
    rows = page.locator("table.rule tbody tr")
    for done in (1, 100, 249):
        page.get_by_label("Step", exact=True).fill(str(arrivals[done - 1] + 1))
        assert rows.count() == 21
        assert rows.last.text_content() == "…229 more, in the sum below"
        assert page.locator("table.rule tr.now").count() == 1
        so_far = sum(meant["edges"][meant["steps"][k][1]]["contrib"] for k in arrivals[:done])
        shown = page.locator("table.rule tfoot td").text_content().replace("−", "-")
        assert float(shown) == pytest.approx(so_far, rel=1e-3)


def test_the_slider_and_the_buttons_move_the_same_step(show):
    page = show("small")
    slider = page.get_by_label("Step", exact=True)
    slider.fill("8")
    assert page.locator(".current").text_content() == "14 × 1 = 14"
    page.get_by_label("One step back").click()
    assert slider.input_value() == "7"
    page.get_by_label("To the start").click()
    assert sentence(page).startswith("Nothing is computed yet")
    page.get_by_label("To the end").click()
    assert slider.input_value() == "12"
    page.get_by_role("button", name="Backward").click()
    assert slider.input_value() == "6"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "5"
    page.keyboard.press("Shift+ArrowRight")
    assert slider.input_value() == "12"


def test_play_runs_to_the_end_and_pauses(show):
    page = show("small")
    page.get_by_label("Speed").select_option("16")
    page.keyboard.press("Space")  # on the list of speeds: it is not taken away
    page.keyboard.press("Escape")
    page.locator(".stage").click(position={"x": 20, "y": 20})
    page.locator("h1").click()
    page.get_by_label("Play", exact=True).click()
    page.get_by_label("Play", exact=True).wait_for(timeout=15_000)
    assert page.locator(".count-of").text_content() == "12 / 12"
    page.get_by_label("Speed").select_option("0.5")
    page.locator("h1").click()
    page.keyboard.press("Home")
    page.evaluate("document.activeElement?.shadowRoot?.activeElement?.blur()")
    page.keyboard.press("Space")
    page.get_by_label("Pause", exact=True).wait_for()
    page.keyboard.press("Space")
    page.get_by_label("Play", exact=True).wait_for()
    assert page.locator(".count-of").text_content() != "12 / 12"


def test_a_click_shows_the_chain_rule_the_value_and_the_source(show):
    page = show("small")
    box(page, "s").click()
    assert box(page, "s").get_attribute("aria-current") == "true"
    assert page.locator(".ring").is_visible()
    assert page.locator("table.rule tbody tr").all_inner_texts() == ["L\t14 × 1\t14"]
    assert page.locator(".who dd").all_inner_texts() == ["7", "14"]
    assert page.locator(".code li.now").inner_text().strip().endswith("s = a * b + c")
    page.keyboard.press("Escape")
    assert not page.locator(".ring").is_visible()


def test_the_keyboard_reaches_every_value(show):
    page = show("small")
    box(page, "L").focus()
    assert page.locator('.box[tabindex="0"]').count() == 1
    page.keyboard.press("[")
    assert box(page, "s").evaluate("e => e === e.getRootNode().activeElement")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.locator(".who h2").text_content() == "v3 = a * b"
    page.keyboard.press("]")
    page.keyboard.press("ArrowDown")
    assert box(page, "L").evaluate("e => e === e.getRootNode().activeElement")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


def test_search_finds_values_and_opens_what_hides_them(show):
    page = show("large")
    page.keyboard.press("/")
    page.keyboard.type("sin(q)")
    assert page.locator(".hits").text_content() == "498"
    before = page.locator(".box").count()
    page.keyboard.press("Enter")
    assert page.locator(".hits").text_content() == "1/498"
    assert page.locator(".box").count() > before
    assert page.locator(".who h2").text_content().endswith("sin(q)")


def test_groups_open_and_close(show):
    page = show("large")
    assert page.locator(".box").count() == 8
    group = page.locator(".box.group")
    group.focus()
    page.keyboard.press("Enter")
    assert page.locator(".box").count() == 256
    page.keyboard.press("e")
    assert page.locator(".box").count() == 1999
    page.keyboard.press("e")
    assert page.locator(".box").count() == 8


def test_two_thousand_open_boxes_cost_what_is_in_view(show):
    """Times depend on the machine: the bounds are wide, the reason (few elements) is not."""
    page = show("large")
    page.keyboard.press("e")
    assert page.locator(".box").count() == 1999
    page.get_by_label("Step", exact=True).fill("3000")
    assert page.locator(".box > *").count() < 2500
    assert page.locator(".line").count() < 1200
    times = page.evaluate(
        f"""async () => {{
          const times = [];
          for (let i = 0; i < 15; i++) {{
            const start = performance.now();
            document.dispatchEvent(new KeyboardEvent("keydown", {{ key: "ArrowRight" }}));
            await {FRAME};
            times.push(performance.now() - start);
          }}
          return times.sort((a, b) => a - b);
        }}"""
    )
    assert times[len(times) // 2] < 1000


def test_the_view_zooms_moves_and_follows(show):
    page = show("sixty")
    view = page.locator(".world")
    page.keyboard.press("f")
    whole = view.get_attribute("transform")
    assert not page.locator(".map").is_visible()
    page.keyboard.press("+")
    assert view.get_attribute("transform") != whole
    page.keyboard.press("Home")
    page.keyboard.press("b")
    last = page.locator(".box.now").bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert stage["x"] <= last["x"]
    assert last["x"] + last["width"] <= stage["x"] + stage["width"]
    before = view.get_attribute("transform")
    page.mouse.move(stage["x"] + 300, stage["y"] + stage["height"] - 40)
    page.mouse.down()
    page.mouse.move(stage["x"] + 420, stage["y"] + stage["height"] - 40, steps=4)
    page.mouse.up()
    assert view.get_attribute("transform") != before
    before = view.get_attribute("transform")
    page.mouse.wheel(0, 200)  # without Ctrl the wheel belongs to the page
    assert view.get_attribute("transform") == before


def test_the_view_is_fitted_again_until_somebody_moves_it(show):
    page = show("small")
    view = page.locator(".world")

    def resized(width):
        before = view.get_attribute("transform")
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        return view.get_attribute("transform") != before

    assert resized(1100)
    right = page.locator(".box").last.bounding_box()
    assert right["x"] + right["width"] <= page.locator(".stage").bounding_box()["width"]
    page.keyboard.press("+")
    assert not resized(1150)


def test_hostile_strings_are_shown_and_never_run(show):
    page = show("hostile")
    page.keyboard.press("e")
    page.keyboard.press("Home")
    step(page, 25)
    for name in page.locator(".trace tbody tr").all()[:9]:
        name.click()
    assert "<img src=x onerror" in page.locator(".trace-area").inner_text()
    assert page.locator("#edgewise img").count() == page.locator("#edgewise img[alt^=Heat]").count()
    assert not set("\u202e\u2028\x1b") & set(page.locator("#edgewise .page").inner_text())


def test_what_an_injected_script_could_do_is_nothing(chromium, trace, tmp_path):
    """The policy is the second wall: even markup that got into the page neither runs nor fetches."""
    text = module.render(trace("small")).replace(
        "<noscript>",
        "<script>window.hacked=1</script><img src=https://example.org/x.png onerror=window.hacked=2><noscript>",
    )
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    page = chromium.new_page()
    requests = []
    page.on("requestfinished", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    page.locator(".box").first.wait_for()
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert requests in ([], [file.as_uri()])
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } }"
    )
    assert refused
    page.close()


def test_a_damaged_trace_gives_a_message(chromium, trace, tmp_path):
    broken = trace("small")
    broken["edges"][0]["from"] = 99
    file = tmp_path / "page.html"
    file.write_text(module.render(broken), encoding="utf-8")
    page = chromium.new_page()
    page.goto(file.as_uri())
    told = "This trace cannot be shown. The trace names value 99, which it does not have."
    assert page.locator(".message").inner_text() == told
    page.close()


def test_it_works_in_the_frame_of_a_notebook(show, trace):
    inner = html.escape(module.render(trace("small")), quote=True)
    frame = f'<iframe sandbox="allow-scripts" width=1000 height=700 srcdoc="{inner}"></iframe>'
    page = show("", text=f"<!doctype html><title>notebook</title>{frame}")
    frame = page.frame_locator("iframe")
    frame.locator(".box").first.wait_for()
    frame.get_by_label("To the start").click()
    frame.get_by_label("One step on").click()
    assert frame.locator(".status p").text_content() == "a is given: 3"


def test_motion_is_reduced_where_that_is_asked_for(show):
    for wish, name in (("no-preference", "run"), ("reduce", "none")):
        page = show("small", reduced_motion=wish)
        page.keyboard.press("b")
        step(page, 2)
        assert page.locator(".line.now").evaluate("e => getComputedStyle(e).animationName") == name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scheme_follows_the_reader_and_can_be_changed(show, scheme):
    page = show("small", color_scheme=scheme)

    def ground():
        return page.locator(".page").evaluate("e => getComputedStyle(e).backgroundColor")

    dark, light = "rgb(15, 18, 22)", "rgb(255, 255, 255)"
    assert ground() == (dark if scheme == "dark" else light)
    page.keyboard.press("d")
    assert ground() == (light if scheme == "dark" else dark)


def test_a_message_may_name_the_scheme_and_nothing_else(show):
    page = show("small", color_scheme="light")
    host = page.locator("#edgewise")
    for sent in ("'dark'", "{}", "null", "{edgewise: 'blue'}", "{edgewise: {}}", "{edgewise: '<b>'}", "{step: 3}"):
        page.evaluate(f"window.postMessage({sent}, '*')")
    page.wait_for_timeout(50)
    assert host.get_attribute("data-theme") is None
    for sent, ground in (("dark", "rgb(15, 18, 22)"), ("auto", "rgb(255, 255, 255)")):
        page.evaluate(f"window.postMessage({{edgewise: '{sent}'}}, '*')")
        page.wait_for_timeout(50)
        assert page.locator(".page").evaluate("e => getComputedStyle(e).backgroundColor") == ground
    assert page.locator(".count-of").text_content() == "12 / 12"
    page.keyboard.press("d")
    assert host.get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("width", [320, 600, 1280])
@pytest.mark.parametrize("name", ["small", "arrays", "hostile"])
def test_nothing_runs_over_the_side(show, width, name):
    page = show(name, viewport={"width": width, "height": 800})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    wide = page.evaluate(
        """() => [...document.querySelector('#edgewise').shadowRoot.querySelectorAll('.page > *')]
             .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className)"""
    )
    assert wide == []


def test_a_screen_reader_hears_each_step_once(show):
    page = show("small")
    page.keyboard.press("b")
    step(page, 3)
    voice = page.locator(".bar-area [role=status]")
    assert voice.text_content() == "s to v3: local derivative 1 times gradient 14 gives 14"
    assert page.locator(".bar-area [role=status], .bar-area output, .bar-area [aria-live]").count() == 1
    told = page.locator(".stage").aria_snapshot()
    assert 'listitem "v3, a * b, op, value 6, gradient 14"' in told
    assert "∂" not in told


def test_arrays_are_small_pictures_with_their_shape(show):
    page = show("arrays")
    assert figures(page, "x") == ["(2, 3)", "(2, 3)"]
    assert page.locator(".box image").count() == 4
    assert page.locator(".box image").first.get_attribute("href").startswith("data:image/png")
    box(page, "x").click()
    assert "1 to 6, mean 3.5" in page.locator("aside").inner_text()
    assert "2 * x * ḡ" in page.locator("table.rule").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["small", "forward", "sixty", "arrays"])
def test_the_rules_of_accessibility_hold(show, scheme, name):
    if not AXE.is_file():
        pytest.skip("axe-core is not here: make viewer brings it")
    page = show(name, color_scheme=scheme, bypass_csp=True)
    page.keyboard.press("ArrowLeft")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({ runOnly: tags })", tags)["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
