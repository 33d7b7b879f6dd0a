"""The report as people meet it: on a phone, on a desk, in the dark, on paper."""

from __future__ import annotations

import pytest

PHONE, DESK = 390, 1440
# A4 landscape without its margins, at 96 pixels an inch.
PAPER = 1032

# What reaches beyond the screen and cannot be scrolled to.
CUT = """() => {
  const isScrolled = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return box !== document.body;
    }
    return false;
  };
  return [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    const isOut = box.right > document.documentElement.clientWidth + 1 || box.left < -1;
    return box.width > 0 && isOut && !isScrolled(element);
  }).map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
}"""
# Boxes that would be scrolled, which paper cannot.
SCROLLED = """() => [...document.querySelectorAll(".scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
  .map((box) => `${box.getAttribute("aria-label")} ${box.scrollWidth} > ${box.clientWidth}`)"""
# Words that are wider than their cell.
SPILT = """() => [...document.querySelectorAll("td, th")]
  .filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent)"""
SIZES = """() => [...document.querySelectorAll("figure .picture > *")].map((drawing) => {
  const box = drawing.getBoundingClientRect();
  return [box.width, box.height];
})"""
# Contrast of words with what is behind them, as WCAG 2 has it.
CONTRAST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let box = element; box; box = box.parentElement) {
      const colour = getComputedStyle(box).backgroundColor;
      if ((parts(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const what of ["h1", "p", "small", "a", ".loud", ".faster", ".slower", ".unclear", "th",
                      "td", ".same", "figcaption", "dt", ".legend span", ".bar b"]) {
    const element = document.querySelector(`main ${what}`);
    if (!element) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    found[what] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", ["default", "comparison", "large"])
def test_nothing_is_cut_and_every_figure_has_its_size(opened, name, width):
    page = opened(name, width)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, scheme
        assert page.evaluate(CUT) == [], scheme
        sizes = page.evaluate(SIZES)
        assert len(sizes) == page.locator("figure").count() >= 3
        assert all(wide > 300 and 100 < high <= 900 for wide, high in sizes), sizes
        contrasts = page.evaluate(CONTRAST)
        assert {k: v for k, v in contrasts.items() if v < 4.5} == {}, scheme


@pytest.mark.parametrize("name", ["default", "comparison"])
def test_nothing_is_cut_at_widths_in_between(opened, name):
    page = opened(name, DESK, "light")
    for width in (600, 700, 768, 900, 1024, 1100, 1200, 1280, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["default", "comparison", "large"])
def test_paper_loses_no_column(opened, name):
    page = opened(name, PAPER, "dark")
    page.emulate_media(media="print")
    for script in (CUT, SCROLLED, SPILT):
        assert page.evaluate(script) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def numbers(table, title):
    """The column of a table as its cells are sorted by."""
    place = table.locator("thead th").all_inner_texts()
    index = next(n for n, text in enumerate(place) if text.startswith(title))
    cells = table.locator(f"tbody tr td:nth-child({index + 1})")
    return [
        float(value) for value in cells.evaluate_all("all => all.map(cell => cell.dataset.sort)")
    ]


@pytest.mark.parametrize("by_key", [False, True], ids=["with a pointer", "with the keyboard"])
def test_tables_are_sorted_by_their_numbers(opened, by_key):
    page = opened("default", DESK)
    table = page.locator("#stages table")
    header = table.locator("th", has_text="first token")
    for direction in ("ascending", "descending"):
        if by_key:
            header.locator("button").focus()
            page.keyboard.press("Enter")
        else:
            header.locator("button").click()
        page.wait_for_selector(f'#stages th[aria-sort="{direction}"]')
        page.wait_for_timeout(50)
        found = numbers(table, "first token")
        assert found == sorted(found, reverse=direction == "descending")
    assert len(set(found)) > 2


def test_a_filter_leaves_the_rows_that_hold_all_its_words(opened):
    page = opened("comparison", DESK)
    section = page.locator("#pays")
    rows = section.locator("tbody tr")
    every = rows.count()
    section.locator("input").fill("openhermes text")
    shown = [text for text in rows.all_inner_texts() if text]
    visible = section.locator("tbody tr:visible")
    assert 0 < visible.count() < every
    assert all("openhermes" in t and "text-to-text" in t for t in visible.all_inner_texts())
    assert shown and f"{visible.count()} of {every} rows" in section.inner_text()
    section.locator("input").fill("")
    assert section.locator("tbody tr:visible").count() == every


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_figure_is_enlarged_and_comes_back(opened, width):
    page = opened("default", width)
    button = page.locator("figure button.picture").first
    small = button.locator("> *").bounding_box()["width"]
    button.focus()
    page.keyboard.press("Enter")
    large = page.locator("#zoom .zoomed > *")
    assert large.bounding_box()["width"] >= min(small, 1000)
    before = large.bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    assert large.bounding_box()["width"] > before
    page.keyboard.press("Escape")
    page.wait_for_selector("#zoom", state="hidden")
    assert button.locator("> *").bounding_box()["width"] == pytest.approx(small)
    assert page.evaluate("document.activeElement.className") == "picture"


def test_every_entry_of_the_contents_leads_somewhere(opened):
    page = opened("comparison", DESK)
    links = page.locator("nav a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    assert len(links) >= 12
    assert all(page.locator(link).count() == 1 for link in links)
    sections = page.locator("main > section").evaluate_all("all => all.map(one => '#' + one.id)")
    assert sorted(links) == sorted(sections)


def test_the_first_screen_holds_the_answer(opened):
    page = opened("comparison", DESK)
    for what in (".loud", ".headline", ".verdicts", ".answer .bar", ".answer .legend", ".quality"):
        box = page.locator(what).first.bounding_box()
        assert box["y"] + box["height"] <= 900, what


@pytest.mark.parametrize(("name", "most"), [("default", 2e6), ("comparison", 2e6), ("large", 10e6)])
def test_a_report_weighs_little(report, name, most):
    assert report(name).stat().st_size < most
