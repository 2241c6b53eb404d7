"""``edge-genre doctor`` with a microphone."""

import json


def findings(done):
    """Verdict and words by check."""
    checks = map(json.loads, done.stdout.splitlines())
    return {check["check"]: (check["verdict"], check["found"]) for check in checks}


def test_it_finds_what_is_played_and_prints_which_rates_there_are(shared_microphone, library):
    with shared_microphone.playing():
        # The player takes its time: listen once it plays.
        with shared_microphone.listening(**library) as listening:
            listening.until(lambda event: event["level_dbfs"] > -20)
        done = shared_microphone.run("doctor", "--json", "--model", "seed-cnn", **library)
    found = findings(done)
    assert found["sound"] == ("ok", "-13 dBFS")
    assert found["microphone"][0] == "ok"
    assert "opened at" in found["microphone"][1]
    assert "48000" in found["microphone"][1]
    assert "default" in found["microphones"][1]
    assert done.returncode == 0


def test_a_microphone_that_sends_zeros_is_warned_of_and_works(shared_microphone):
    done = shared_microphone.run("doctor", "--json", "--device", "studio", "--model", "seed-cnn")
    verdict, words = findings(done)["sound"]
    assert verdict == "warning"
    assert "digital silence" in words
    assert done.returncode == 0


def test_a_mistyped_name_is_a_fault_that_names_the_microphones(shared_microphone):
    done = shared_microphone.run("doctor", "--json", "--device", "stduio", "--model", "seed-cnn")
    verdict, words = findings(done)["microphone"]
    assert verdict == "fault"
    assert "did you mean 'studio'?" in words
    assert "sound" not in findings(done)
    assert done.returncode == 1


def test_a_sound_server_that_is_stuck_is_a_fault_and_not_a_wait_without_end(microphone):
    microphone.freeze()
    done = microphone.run("doctor", "--model", "seed-cnn")
    assert done.returncode == 1
    assert "does not answer" in done.stdout
