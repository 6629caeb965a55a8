"""The animation of EM as a browser shows it: every frame can be decoded, and each has its time."""

import base64
import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.pictures]

DECODE = """(async () => {
    const data = Uint8Array.from(atob(BASE64), (character) => character.charCodeAt(0));
    const decoder = new ImageDecoder({ data, type: "image/gif" });
    await Promise.all([decoder.tracks.ready, decoder.completed]);
    const frames = [];
    for (let n = 0; n < decoder.tracks.selectedTrack.frameCount; n++) {
        const { image } = await decoder.decode({ frameIndex: n });
        frames.push([image.displayWidth, image.displayHeight, image.duration]);
        image.close();
    }
    return frames;
})()"""


def test_a_browser_shows_every_frame_of_the_animation_each_for_a_while(browser, run, samples):
    options = ["-c", "kind", "--labels", "short,long", "--animate", "em.gif", "--frames", "frames", "--quiet"]
    done = run("explain", "faithful.csv", *options)
    assert 0 == done.returncode, done.stderr.decode()
    (samples / "page.html").write_text("<!doctype html><img src='em.gif' alt='EM'>", encoding="utf-8")

    page = browser.open((samples / "page.html").as_uri())
    shown = page.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]")
    encoded = base64.b64encode((samples / "em.gif").read_bytes()).decode()
    frames = page.evaluate(DECODE.replace("BASE64", json.dumps(encoded)))
    page.close()

    assert min(shown) > 100
    assert len(list((samples / "frames").glob("em-*.png"))) == len(frames)
    assert len(frames) > 2
    assert {tuple(shown)} == {(width, height) for width, height, _ in frames}
    assert all(microseconds >= 20_000 for _, _, microseconds in frames)  # browsers slow down what is faster
    assert [] == page.complaints
