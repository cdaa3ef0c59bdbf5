"""The charts that a browser draws in place of the server's pictures."""

import json
import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, Position, ViewportSize, expect

from harness.service import Service, wait_until
from tests.integration.api.browsers import AXE, FAULTS
from tests.integration.api.specs import TINY

PHONE = ViewportSize(width=390, height=844)
SEEN = "(canvas) => canvas.toDataURL()"


@pytest.fixture(scope="module")
def job(service: Service) -> str:
    spec = {**TINY, "epochs": 2, "budget": {"trials": 16}, "confirm": None}
    return str(service.wait_for_end(service.submit(spec))["id"])


@pytest.fixture(scope="module")
def running(service: Service) -> Iterator[str]:
    spec = {**TINY, "epochs": 3, "seed": 3, "budget": {"trials": 900}}
    job = service.submit(spec)
    service.wait_for_trials(job, 8)
    yield job
    service.http.post(f"/api/v1/jobs/{job}/cancel")


def opened(page: Page, service: Service, path: str) -> Page:
    page.set_viewport_size({"width": 1300, "height": 1400})
    page.goto(service.url + path)
    expect(page.locator(".plot canvas").first).to_be_visible()
    return page


def plot(page: Page, name: str) -> Locator:
    return page.locator(f".plot[data-of={name}]")


def drag(page: Page, where: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place to another, each as shares of the width and height."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box
    places = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def test_dragging_zooms_and_a_double_click_goes_back(
    service: Service, page: Page, job: str
) -> None:
    chart = plot(opened(page, service, f"/jobs/{job}"), "curves")
    before = chart.locator("canvas").evaluate(SEEN)
    back = chart.get_by_role("button", name="Whole picture")
    expect(back).to_be_hidden()
    expect(chart.locator(".ring")).to_be_hidden()
    drag(page, chart.locator(".u-over"), (0.2, 0.1), (0.8, 0.6))
    expect(back).to_be_visible()
    seen = str(back.get_attribute("title"))
    low, high = (float(end) for end in re.findall(r"trial ([\d.]+) to ([\d.]+)", seen)[0])
    assert (low, high) == pytest.approx((0.4, 1.6), abs=0.1)
    chart.locator(".u-over").dblclick(position={"x": 3, "y": 3})
    expect(back).to_be_hidden()
    page.mouse.move(1, 1)
    expect(page.locator(".selecting")).to_have_count(0)
    assert chart.locator("canvas").evaluate(SEEN) == before


def test_a_cursor_reads_values_and_one_selection_lights_all(
    service: Service, page: Page, job: str
) -> None:
    chart = plot(opened(page, service, f"/jobs/{job}"), "curves")
    number = page.locator("svg[data-plot=curves] .t").last.get_attribute("data-t")
    row = page.locator(f"tr.t[data-t='{number}']")
    at_rest = chart.locator("canvas").evaluate(SEEN)
    row.hover()
    expect(page.locator(f"#space .t.lit[data-t='{number}']")).to_be_visible()
    assert chart.locator("canvas").evaluate(SEEN) != at_rest
    chart.focus()
    page.keyboard.press("ArrowRight")
    told = chart.locator("output")
    expect(told).to_contain_text(f"trial {number}: accuracy")
    expect(chart.locator(".ring")).to_be_visible()
    curve = page.locator(f"svg[data-plot=curves] .t[data-t='{number}'] path")
    epoch, value = str(curve.get_attribute("data-v")).split()[:2]
    expect(told).to_contain_text(f"{float(value):.5g} at {float(epoch):.5g} epochs")
    expect(row).to_have_class(re.compile("lit"))
    page.keyboard.press("ArrowDown")
    expect(told).not_to_contain_text(f"trial {number}:")
    expect(row).not_to_have_class(re.compile("lit"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.mouse.move(1, 1)
    expect(row).to_have_class(re.compile("lit"))
    page.keyboard.press("Escape")
    expect(row).not_to_have_class(re.compile("lit"))
    chart.focus()
    page.keyboard.press("+")
    expect(chart.get_by_role("button", name="Whole picture")).to_be_visible()
    page.keyboard.press("0")
    expect(chart.get_by_role("button", name="Whole picture")).to_be_hidden()


def test_the_best_so_far_is_read_along_its_steps(service: Service, page: Page, job: str) -> None:
    """Just before a step rises, where a straight line to the next one would be far away."""
    chart = plot(opened(page, service, f"/jobs/{job}"), "best")
    picture = page.locator("svg[data-plot=best]")
    (left, right), (bottom, top) = (
        (axis["low"], axis["high"])
        for axis in (json.loads(str(picture.get_attribute(name))) for name in ("data-x", "data-y"))
    )
    told = [float(each) for each in str(picture.locator(".stairs").get_attribute("data-v")).split()]
    points = list(zip(told[::2], told[1::2], strict=True))
    rises = [points[at + 1][1] - points[at][1] for at in range(len(points) - 1)]
    at = rises.index(max(rises))
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    assert box
    x = (points[at + 1][0] - left) / (right - left) * box["width"] - 2
    y = (top - points[at][1]) / (top - bottom) * box["height"]
    chart.locator(".u-over").hover(position={"x": x, "y": y})
    expect(chart.locator("output")).to_contain_text(f"best accuracy {points[at][1]:.5g} at")


def test_a_finger_reads_and_zooms(service: Service, browser: Browser, job: str) -> None:
    context = browser.new_context(has_touch=True, is_mobile=True, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{service.url}/jobs/{job}")
    chart = plot(page, "curves")
    page.locator("#h-curves").scroll_into_view_if_needed()
    expect(chart.locator("canvas")).to_be_visible()
    chart.scroll_into_view_if_needed()
    closer, back = (chart.get_by_role("button", name=name) for name in ("Zoom in", "Whole"))
    over, told = chart.locator(".u-over"), chart.locator("output")
    box = over.bounding_box()
    assert box
    for y in range(3, int(box["height"]), 20):
        over.tap(position={"x": box["width"] - 5, "y": y})
        if "trial" in told.inner_text():
            break
    epoch = float(re.findall(r"at ([\d.]+) epochs", told.inner_text())[0])
    closer.tap()
    closer.tap()
    seen = str(back.get_attribute("title"))
    low, high = (float(end) for end in re.findall(r"trial ([\d.]+) to ([\d.]+)", seen)[0])
    assert low < epoch <= high
    assert high - low < 0.3 * epoch
    chart.get_by_role("button", name="Zoom out").tap()
    expect(back).not_to_have_attribute("title", seen)
    back.tap()
    expect(back).to_be_hidden()
    context.close()


def test_a_click_on_a_line_keeps_its_trial(service: Service, page: Page, job: str) -> None:
    chart = plot(opened(page, service, f"/jobs/{job}"), "best")
    chart.scroll_into_view_if_needed()
    over = chart.locator(".u-over")
    box = over.bounding_box()
    assert box
    place: Position = {"x": box["width"] - 5, "y": 12}
    over.hover(position=place)
    told = re.findall(r"trial (\d+): best accuracy", chart.locator("output").inner_text())
    over.click(position=place)
    page.mouse.move(1, 1)
    expect(page.locator(f"tr.t[data-t='{told[0]}']")).to_have_class(re.compile("lit"))


def test_an_update_keeps_zoom_selection_and_focus(
    service: Service, page: Page, running: str
) -> None:
    chart = plot(opened(page, service, f"/jobs/{running}"), "curves")
    drag(page, chart.locator(".u-over"), (0.0, 0.0), (0.7, 0.6))
    back = chart.get_by_role("button", name="Whole picture")
    expect(back).to_be_visible()
    seen = back.get_attribute("title")
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.mouse.move(1, 1)
    lit = page.locator("svg[data-plot=curves] .t.lit")
    number = lit.get_attribute("data-t")
    version = page.locator("#live").get_attribute("data-version")
    page.evaluate("window.loaded = 'once'")
    wait_until(
        lambda: page.locator("#live").get_attribute("data-version") != version, 30, "an update"
    )
    expect(lit).to_have_attribute("data-t", str(number))
    expect(chart).to_be_focused()
    assert back.get_attribute("title") == seen
    assert page.evaluate("window.loaded") == "once"
    expect(page.locator(".plot")).to_have_count(2)


def test_no_update_comes_in_while_somebody_drags(
    service: Service, page: Page, running: str
) -> None:
    chart = plot(opened(page, service, f"/jobs/{running}"), "curves")
    box = chart.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 120, steps=3)
    version = page.locator("#live").get_attribute("data-version")
    page.wait_for_timeout(3000)
    assert page.locator("#live").get_attribute("data-version") == version
    page.mouse.up()
    expect(chart.get_by_role("button", name="Whole picture")).to_be_visible()
    expect(page.locator("#live")).not_to_have_attribute("data-version", str(version))


def test_a_comparison_names_the_job_of_a_curve(
    service: Service, page: Page, job: str, running: str
) -> None:
    chart = plot(opened(page, service, f"/compare?jobs={job},{running}"), "compared")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(chart.locator("output")).to_contain_text("seed 3: best accuracy")
    expect(page.locator(f"tr.t[data-t='{running}']")).to_have_class(re.compile("lit"))
    expect(page.locator(f"tr.t[data-t='{job}']")).not_to_have_class(re.compile("lit"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_zoomed_chart(
    service: Service, browser: Browser, job: str, scheme: Literal["light", "dark"]
) -> None:
    page = opened(browser.new_page(color_scheme=scheme), service, f"/jobs/{job}")
    plot(page, "curves").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    page.evaluate(AXE)
    found = page.evaluate(FAULTS)
    page.close()
    assert found == []


def test_without_scripts_and_on_paper_the_servers_pictures_are_there(
    service: Service, browser: Browser, page: Page, job: str
) -> None:
    opened(page, service, f"/jobs/{job}")
    pictures = page.locator("svg[data-plot]")
    expect(pictures.first).to_be_hidden()
    page.emulate_media(media="print")
    expect(pictures.first).to_be_visible()
    expect(page.locator(".plot").first).to_be_hidden()
    plain = browser.new_page(java_script_enabled=False)
    plain.goto(f"{service.url}/jobs/{job}")
    expect(plain.locator("svg[data-plot=curves] .t").first).to_be_visible()
    expect(plain.locator("svg[data-plot=best] .stairs")).to_be_visible()
    assert plain.locator(".plot").count() == 0
    plain.close()
