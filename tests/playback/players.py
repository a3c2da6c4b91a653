"""The pages of the players (pages/*.html) with a film in a folder of static files, on another origin than the pages."""
import os
import urllib.parse

from browsers import Browser
from rangeserver import RangeServer
from services import npm_install

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ["hls.js/dist/hls.min.js", "dashjs/dist/modern/umd/dash.all.min.js", "shaka-player/dist/shaka-player.compiled.js", "video.js/dist/video.min.js"]


def pages():
    """Installs the players as in package-lock.json. Returns the files of their pages."""
    npm_install(HERE)
    scripts = [HERE + "/node_modules/" + script for script in SCRIPTS]
    return {os.path.basename(path): path for path in scripts + [HERE + "/pages/" + name for name in os.listdir(HERE + "/pages")]}


def show(folder, kind, player, playlist, home, rate=1e9, latency=0, **query):
    """Shows the page of a player in a browser. Returns its report, and the ranges that it has requested of each file."""
    page, media = RangeServer(pages()), RangeServer({name: os.path.join(folder, name) for name in os.listdir(folder)}, rate, latency)
    query["film"] = media.url + "/" + playlist
    browser = Browser(kind, "%s/%s.html?%s" % (page.url, player, urllib.parse.urlencode(query)), home)
    try:
        return browser.report(page), media.ranges
    finally:
        browser.close()
        page.close()
        media.close()
