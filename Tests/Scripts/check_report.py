"""Looks at the report of a run in headless Chromium, at three sizes, light and dark:

    check_report.py RUN/report.html FOLDER

Fails where the page is wider than the window, runs a script, asks a network, or writes to the console.
Leaves screenshots in FOLDER. Wants selenium, chromium and chromium-driver.
"""
import os
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By

page_path, folder = sys.argv[1:3]
os.makedirs(folder, exist_ok=True)
options = webdriver.ChromeOptions()
for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
    options.add_argument(flag)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
page = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
sizes = {"phone": (360, 740), "laptop": (1200, 800), "wide": (1920, 1080)}
try:
    for mode in ("light", "dark"):
        for name, (width, height) in sizes.items():
            page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"})
            page.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": mode}]})
            page.get("file://" + os.path.abspath(page_path))
            shown, room = (page.execute_script(f"return document.documentElement.{what}")
                           for what in ("scrollWidth", "clientWidth"))
            assert shown <= room, f"{name}: {shown} wide in a window of {room}"
            assert not page.find_elements(By.TAG_NAME, "script")
            ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, ground[4:-1].split(","))) < 300) == (mode == "dark"), ground
            height = page.execute_script("return document.documentElement.scrollHeight")
            page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"})
            page.save_screenshot(f"{folder}/{name}-{mode}.png")
    charts = page.find_elements(By.CSS_SELECTOR, "svg[role=img]")
    names = [chart.accessible_name for chart in charts]
    assert charts and all(names), names
    assert not page.get_log("browser"), page.get_log("browser")
    asked = [line["message"] for line in page.get_log("performance")
             if "requestWillBeSent" in line["message"] and "http" in line["message"]]
    assert not [line for line in asked if '"url":"http' in line], asked
    print(f"{len(charts)} charts, screenshots in {folder}")
finally:
    page.quit()
