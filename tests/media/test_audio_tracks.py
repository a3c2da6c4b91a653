"""Films with several audio tracks: which ones are kept, and what becomes of those that are damaged or do not last as long as the film."""
import json
import os
import subprocess

from films import destroy
from services import clean_environment, command
from test_media import ffmpeg
from test_sound import H264, PICTURE, hears, pitch, sound, tone


def film(path, *named, seconds=8, args=("-c:a", "ac3")):
    """A film with a tone of 400, 800, 1200 Hz and so on for each (language, options of the input, title, disposition)."""
    ins, maps = [], []
    for n, (language, options, title, disposition) in enumerate(named):
        ins += [*options, *tone(400 * (n + 1))]
        maps += ["-map", str(n + 1), "-metadata:s:a:%d" % n, "language=" + language, "-metadata:s:a:%d" % n, "title=" + title, "-disposition:a:%d" % n, disposition]
    ffmpeg(*PICTURE, *ins, "-map", "0", *maps, "-t", seconds, *H264, *args, path)
    return path


def made(path, out):
    """Transcodes a film. Returns what it says of the audio objects by name, and the notes as one text."""
    r = subprocess.run(command("transcode", "--json", str(path), str(out)), env=clean_environment(), capture_output=True, text=True, timeout=600)
    told = json.loads(r.stdout)
    assert r.returncode == 0, told
    assert {o["name"] + ".m4a" for o in told["audios"]} == {p.name for p in out.glob("*.m4a")}, "no object is left of a track that was left out"
    return {o["name"]: o for o in told["audios"]}, "\n".join(told["notes"]), told


def packets(path):
    r = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)],
                       capture_output=True, text=True, timeout=60, check=True)
    return int(r.stdout)


def stable(path):
    """Returns the times and flags of all packets of a rendition, and its audio."""
    times = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "packet=stream_index,pts,dts,flags", "-of", "csv", str(path)], capture_output=True, check=True, timeout=60)
    audio = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"], capture_output=True, check=True, timeout=60)
    return times.stdout, audio.stdout


def kinds(audios):
    return [(o["language"], o["purpose"]) for name, o in audios.items() if name.endswith("-128")]


def test_the_oddest_film(tmp_path):
    """Twelve tracks: languages repeated or missing, one that begins late, one that ends early, one that cannot be decoded, and too many."""
    plain = ("", "0")
    path = film(tmp_path / "a.mkv", ("eng", (), "", "default"), ("fra", ("-itsoffset", "3"), *plain), ("eng", (), *plain), ("und", (), *plain), ("und", (), *plain),
                ("eng", (), "", "visual_impaired"), ("ger", ("-t", "4"), *plain), ("spa", (), *plain), ("yor", (), *plain), ("ibo", (), *plain),
                ("eng", (), "Director's commentary", "0"), ("ita", (), *plain))
    destroy(str(path), "a:7")
    audios, notes, told = made(path, tmp_path / "out")
    assert kinds(audios) == [("en", "main"), ("fr", "main"), ("und", "main"), ("en", "description"), ("de", "main"), ("yo", "main"), ("ig", "main")]
    assert [name for name in audios if name.endswith("-64")] == ["audio-%d-64" % n for n in (1, 2, 3, 4, 5, 7, 8)]
    assert "of that language and purpose: 3 (eng, ac3, 1 channel), 5 (ac3, 1 channel)." in notes
    assert "at most 8 audio tracks: 11 (eng, ac3, 1 channel, Director's commentary), 12 (ita, ac3, 1 channel)." in notes
    assert "Audio track 8 (es) was left out: no packet of it can be decoded." in notes
    assert "Audio track 7 (de) ends after 4.0 seconds; silence follows" in notes and len(told["notes"]) == 4
    assert len({packets(tmp_path / "out" / (name + ".m4a")) for name in audios}) == 1, "all tracks are as long as the first"
    for number, hertz in (1, 400), (3, 1600), (4, 2400), (7, 3600), (8, 4000):
        hears(tmp_path / "out" / ("audio-%d-128.m4a" % number), hertz, hertz, start=6)
    assert [pitch(sound(tmp_path / "out" / "audio-2-64.m4a", at, 0.5)[0]) is not None for at in (1, 2.4, 3.2, 7)] == [False, False, True, True]
    assert [pitch(sound(tmp_path / "out" / "audio-5-64.m4a", at, 0.5)[0]) is not None for at in (1, 3.4, 4.1, 7)] == [True, True, False, False]
    # The renditions are those of the film with the first track only.
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-map", "0:a:0", "-c", "copy", str(tmp_path / "b.mkv")], check=True, timeout=60)
    made(tmp_path / "b.mkv", tmp_path / "alone")
    for name in ("audio-1-128.m4a", "audio-1-64.m4a"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    # The bits of the video differ from run to run on a busy machine: with several threads x264 plans the rate by how far its other frames are.
    assert stable(tmp_path / "out" / "R360.mp4") == stable(tmp_path / "alone" / "R360.mp4")


def test_a_track_that_is_longer_or_begins_earlier_changes_no_film(tmp_path):
    """The picture and the first track begin a second later and end before the other one."""
    ffmpeg("-itsoffset", "1", "-t", "4", *PICTURE, "-itsoffset", "1", "-t", "4", *tone(400), "-t", "80", *tone(800), "-map", "0", "-map", "1", "-map", "2", *H264, "-c:a", "aac",
           "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", tmp_path / "a.mkv")
    audios, notes, told = made(tmp_path / "a.mkv", tmp_path / "out")
    assert "seconds of audio track 2 (fr) lie behind the end of the film" in notes and len(told["notes"]) == 1
    assert abs(told["duration"] - 4) < 0.1 and kinds(audios) == [("en", "main"), ("fr", "main")]
    assert packets(tmp_path / "out" / "audio-1-128.m4a") == packets(tmp_path / "out" / "audio-2-128.m4a")
    hears(tmp_path / "out" / "audio-1-128.m4a", 400, 400, start=0.1)
    hears(tmp_path / "out" / "audio-2-128.m4a", 800, 800, start=0.1)


def test_a_track_with_impossible_times_is_silent_there(tmp_path):
    """After two seconds it claims to be three hours later."""
    ffmpeg("-t", "6", *PICTURE, "-t", "6", *tone(400), "-t", "2", *tone(800), "-itsoffset", "10800", "-t", "4", *tone(800), "-map", "0", "-map", "1", "-map", "2", "-map", "3",
           *H264, "-c:a", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", "-metadata:s:a:2", "language=ger", tmp_path / "a.mkv")
    audios, notes, told = made(tmp_path / "a.mkv", tmp_path / "out")
    assert abs(told["duration"] - 6) < 0.1 and "Audio track 3 (de)" in notes and "4.0 seconds of audio track 3 (de) lie behind the end of the film or far ahead" in notes
    assert len({packets(tmp_path / "out" / (name + ".m4a")) for name in audios}) == 1


def test_tracks_stay_together_when_timestamps_jump(tmp_path):
    """Two recordings that were joined: the second one begins at another time, with the same tracks."""
    parts = []
    for n, offset in enumerate((0, 5000)):
        parts.append(tmp_path / ("%d.ts" % n))
        film(parts[-1], ("eng", (), "", "0"), ("fra", (), "", "0"), seconds=4, args=("-c:a", "ac3", "-output_ts_offset", str(offset)))
    (tmp_path / "a.ts").write_bytes(b"".join(p.read_bytes() for p in parts))
    audios, notes, told = made(tmp_path / "a.ts", tmp_path / "out")
    assert "jump in one place" in notes and abs(told["duration"] - 8) < 0.3 and kinds(audios) == [("en", "main"), ("fr", "main")]
    for at in (1, 5.5):
        hears(tmp_path / "out" / "audio-1-128.m4a", 400, 400, start=at)
        hears(tmp_path / "out" / "audio-2-128.m4a", 800, 800, start=at)


def test_purposes(tmp_path):
    path = film(tmp_path / "a.mkv", ("eng", (), "", "default"), ("eng", (), "Audio Description", "0"), ("eng", (), "With the director", "comment"),
                ("eng", (), "Clear", "hearing_impaired"), seconds=3)
    audios, notes, told = made(path, tmp_path / "out")
    assert kinds(audios) == [("en", "main"), ("en", "description"), ("en", "commentary"), ("en", "clear")]
    assert notes == ""
    master = (tmp_path / "out" / "master.m3u8").read_text()
    assert 'NAME="With the director",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=NO,CHANNELS="2",URI="a-en-commentary.m3u8"' in master
    assert 'CHARACTERISTICS="public.accessibility.enhances-speech-intelligibility",CHANNELS="2",URI="a-en-clear-64.m3u8"' in master
    assert 'CHARACTERISTICS="public.accessibility.describes-video",CHANNELS="2",URI="a-en-description.m3u8"' in master and master.count("DEFAULT=YES") == 2
    assert all((tmp_path / "out" / ("a-en%s.m3u8" % name)).exists() for name in ("", "-64", "-clear", "-commentary-64", "-description-64"))


def test_effects_without_voices_are_no_track(tmp_path):
    path = film(tmp_path / "a.ts", ("eng", (), "", "0"), ("fra", (), "", "clean_effects"), ("ger", (), "", "visual_impaired"), seconds=3)
    audios, notes, told = made(path, tmp_path / "out")
    assert kinds(audios) == [("en", "main"), ("de", "description")] and "no whole sound: 2 (fra, ac3, 1 channel)." in notes and len(told["notes"]) == 1


def test_mono_tracks_of_another_language_are_joined(tmp_path):
    path = film(tmp_path / "a.mkv", ("eng", (), "", "default"), ("fra", (), "Left", "0"), ("fra", (), "Right", "0"), seconds=3)
    audios, notes, _ = made(path, tmp_path / "out")
    assert kinds(audios) == [("en", "main"), ("fr", "main")] and "2, 3 were joined" in notes and "left out" not in notes
    hears(tmp_path / "out" / "audio-2-128.m4a", 800, 1200)


def test_the_first_track_cannot_be_decoded_though_others_can(tmp_path):
    """A track that no decoder can open is no candidate: another language is the sound of the film."""
    path = film(tmp_path / "a.mkv", ("eng", (), "", "default"), ("fra", (), "", "0"), seconds=3)
    data = path.read_bytes()
    assert data.count(b"A_AC3") == 2
    path.write_bytes(data.replace(b"A_AC3", b"A_XYZ", 1))
    audios, notes, _ = made(path, tmp_path / "out")
    assert kinds(audios) == [("fr", "main")] and "Audio track 1 was left out: unsupported audio codec" in notes


def test_audio_does_not_depend_on_the_number_of_threads(tmp_path):
    path = film(tmp_path / "a.mkv", ("eng", (), "", "default"), ("fra", ("-itsoffset", "2"), "", "0"), ("ger", ("-t", "3"), "", "0"), seconds=6)
    cpu = str(min(os.sched_getaffinity(0)))
    for out, limit in (("one", ["taskset", "-c", cpu]), ("all", [])):
        r = subprocess.run([*limit, *command("transcode", str(path), str(tmp_path / out))], env=clean_environment(), capture_output=True, text=True, timeout=600)
        assert r.returncode == 0, r.stderr
    files = sorted(p.name for p in (tmp_path / "one").glob("*.m4a"))
    assert len(files) == 6 and all((tmp_path / "one" / f).read_bytes() == (tmp_path / "all" / f).read_bytes() for f in files)
