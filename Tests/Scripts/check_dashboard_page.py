#!/usr/bin/env python3
"""Uses the page of a dashboard in headless Chromium, and takes pictures of it.

    pip install selenium
    Tests/Scripts/check_dashboard_page.py ADDRESS FOLDER

ADDRESS is what `dashboard` printed, of two runs at least; FOLDER gets a picture for each size and mode. Exit
code 1: something that a person would do does not work, or the page spills over its width.
"""

import pathlib
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 1000)}


def browser():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(
        options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


def expect(what, holds):
    if not holds:
        sys.exit(f"{what}: not so")


def until(what, holds, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return
        except StaleElementReferenceException:
            pass  # The page has drawn anew.
        time.sleep(0.05)
    sys.exit(f"{what}: not in {seconds} s")


def main():
    address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    page = browser()
    find = lambda selector: page.find_elements(By.CSS_SELECTOR, selector)
    points = lambda: [len(line.get_attribute("points").split()) for line in find("#charts polyline")]
    try:
        page.set_window_size(*SIZES["desk"])
        start = time.monotonic()
        page.get(address)
        until("the list of runs", lambda: len(find("#runs tr")) >= 2)
        print(f"the list of runs after {time.monotonic() - start:.2f} s")
        until("curves", lambda: len(find("#charts svg")) == 4)
        print(f"curves after {time.monotonic() - start:.2f} s")
        until("details", lambda: find("#tiles .tile"))
        own = len(find("#charts polyline"))

        # A second run, by the keyboard alone.
        box = [b for b in find("#runs input") if not b.is_selected()][0]
        box.send_keys(Keys.SPACE)
        until("a second run in the charts", lambda: len(find("#charts polyline")) > own)
        until("differences of recipes",
              lambda: "Where the recipes differ" in page.find_element(By.ID, "parts").text)

        # Closer, and back.
        label = lambda: page.execute_script(
            "return document.querySelector('#charts svg').getAttribute('aria-label')")
        whole = label()
        page.find_element(By.ID, "in").send_keys(Keys.ENTER)
        until("closer", lambda: label() != whole)
        page.find_element(By.ID, "all").click()
        until("all steps", lambda: label() == whole)
        chart = find("#charts svg")[0]
        webdriver.ActionChains(page).move_to_element_with_offset(chart, -60, 0).click_and_hold() \
            .move_by_offset(90, 0).release().perform()
        until("a part by dragging", lambda: label() != whole)
        page.find_element(By.ID, "all").click()
        until("all steps again", lambda: label() == whole)

        # Smoothing and the scale.
        line = lambda: page.execute_script(
            "return document.querySelector('#charts polyline').getAttribute('points')")
        before = line()
        page.find_element(By.ID, "smooth").send_keys(Keys.END)
        until("smoothing", lambda: line() != before)
        before = line()
        page.find_element(By.ID, "log").click()
        until("a logarithmic scale", lambda: line() != before)
        page.find_element(By.ID, "log").click()

        expect("no buttons for who watches", not page.find_element(By.ID, "orders").is_displayed())
        for name in page.execute_script(
                "return [...document.querySelectorAll('#runs button')].map(b => b.id)"):
            page.find_element(By.ID, name).click()
            until("another run", lambda: page.find_element(By.ID, name).get_attribute("aria-current") == "true")
        expect("alerts of hostile names", not page.execute_script("return window.hacked"))
        expect("more than 800 points", all(count <= 1601 for count in points()))

        for mode in ("light", "dark"):
            page.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": mode}]})
            for size, (width, height) in SIZES.items():
                page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                    "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
                time.sleep(0.3)
                wide = page.execute_script("return document.documentElement.scrollWidth")
                expect(f"{size}: {wide} wide, no more than {width}", wide <= width)
                page.save_screenshot(str(folder / f"{size}-{mode}.png"))
        errors = [e["message"] for e in page.get_log("browser") if e["level"] == "SEVERE"
                  and "favicon" not in e["message"]]
        expect(f"no errors, {errors}", not errors)
    finally:
        page.quit()
    print(f"used by mouse and keyboard; pictures in {folder}")


if __name__ == "__main__":
    main()
