"""Browsers without a driver: they open a page, which reports by requests to the server that it comes from."""
import os
import shutil
import subprocess

from services import wait_for

PREFERENCES = {"media.autoplay.default": "0", "media.autoplay.blocking_policy": "0"}  # Firefox: sound without a click
BROWSERS = {
    "chromium": lambda home: ["chromium", "--headless", "--no-first-run", "--user-data-dir=" + home, "--autoplay-policy=no-user-gesture-required",
                              *(["--no-sandbox"] if os.getuid() == 0 else [])],
    "firefox": lambda home: ["firefox-esr", "--headless", "--no-remote", "--profile", home],
}


class Browser:
    """A browser with an empty profile in `folder` that shows a URL until close()."""

    def __init__(self, kind, url, folder):
        self.home, self.log = os.path.join(folder, "home"), os.path.join(folder, "browser.log")
        os.makedirs(self.home)
        with open(os.path.join(self.home, "user.js"), "w") as f:
            f.writelines('user_pref("%s", %s);\n' % preference for preference in PREFERENCES.items())
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*BROWSERS[kind](self.home), url], env={**os.environ, "HOME": self.home}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)

    def report(self, server, seconds=180):
        """Waits for the last report of the page and returns it."""
        def ended():
            with open(self.log, errors="replace") as log:
                assert self.process.poll() is None, log.read()[-2000:]
            while not server.reports.empty():
                report = server.reports.get()
                if report["step"] == "end":
                    return report
            return None
        return wait_for(ended, "the page to end", seconds)

    def close(self):
        subprocess.run(["kill", "-TERM", "--", "-%d" % self.process.pid], check=False)
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
