#!/usr/bin/python3 -B
"""SARIF, the page and the trace of model audits, read again. FORKPROOF_AUDIT_SAMPLES is the program that writes them."""

import base64
import collections
import copy
import functools
import hashlib
import html.parser
import json
import os
import subprocess
import unittest

import sarif_rules

MODELS = ("empty", "quiet", "small", "placeless", "hostile", "large")


@functools.lru_cache(maxsize=None)
def written(form, model):
    return subprocess.run([os.environ["FORKPROOF_AUDIT_SAMPLES"], form, model], stdout=subprocess.PIPE, check=True).stdout


def strict(data):
    """JSON of which no key stands twice, in UTF-8."""
    def pairs(items):
        assert len(dict(items)) == len(items), f"a key twice in {items}"
        return dict(items)
    return json.loads(data.decode("utf-8"), object_pairs_hook=pairs)


@functools.lru_cache(maxsize=None)
def run_of(model):
    return strict(written("sarif", model))["runs"][0]


def place_of(result):
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


class Sarif(unittest.TestCase):
    def test_every_model_is_as_the_schema_and_the_services_ask(self):
        for model in MODELS:
            with self.subTest(model):
                log = strict(written("sarif", model))
                self.assertEqual([], list(sarif_rules.complaints(log)))
                self.assertEqual([], list(sarif_rules.beyond(log)))

    def test_the_checker_sees_what_is_wrong(self):
        def without(path):
            *way, last = path
            target = functools.reduce(lambda at, key: at[key], way, log)
            del target[last]

        def with_value(path, value):
            *way, last = path
            functools.reduce(lambda at, key: at[key], way, log)[last] = value
        result = ("runs", 0, "results", 0)
        physical = (*result, "locations", 0, "physicalLocation")
        for spoil, path, *value in (
                (without, ("version",)), (without, ("runs", 0, "tool")), (without, (*result, "message")),
                (with_value, (*result, "level"), "fatal"), (with_value, (*result, "colour"), "red"),
                (with_value, (*result, "occurrenceCount"), 0), (with_value, (*result, "ruleIndex"), 1),
                (with_value, (*result, "locations"), []), (without, (*physical, "region")),
                (with_value, (*physical, "region", "startLine"), 0), (without, (*physical, "artifactLocation", "uriBaseId")),
                (with_value, (*physical, "artifactLocation", "uri"), "a b.c"), (without, (*result, "suppressions")),
                (with_value, ("runs", 0, "originalUriBaseIds", "SRCROOT", "uri"), "file:///x"),
                (with_value, ("runs", 0, "invocations", 0, "startTimeUtc"), "yesterday")):
            log = copy.deepcopy(strict(written("sarif", "small")))
            spoil(path, *value)
            found = list(sarif_rules.complaints(log))
            self.assertTrue(found or list(sarif_rules.beyond(log)), path)

    def test_a_run_without_findings_has_an_empty_list_of_results(self):
        for model in ("empty", "quiet"):
            self.assertEqual([], run_of(model)["results"])
            self.assertEqual([], run_of(model)["tool"]["driver"]["rules"])

    def test_a_file_comes_from_the_source_then_the_script_then_the_caller(self):
        results = run_of("small")["results"]
        self.assertEqual(("tests/run", 1), place_of(results[0]))  # its only source is not the run's own
        self.assertEqual(("src/start%231.c", 42), place_of(results[1]))
        self.assertEqual(("tests/run", 1), place_of(results[2]))  # the script of its starter
        self.assertEqual((".ci/build.yml", 1), place_of(run_of("placeless")["results"][0]))

    def test_both_places_are_told(self):
        result = run_of("small")["results"][0]
        further = result["relatedLocations"][0]
        self.assertEqual("killed here", result["locations"][0]["message"]["text"])
        self.assertEqual("forked here", further["message"]["text"])
        self.assertEqual({"startLine": 42, "startColumn": 7}, further["physicalLocation"]["region"])
        self.assertEqual([2, 3], [len(stack["frames"]) for stack in result["stacks"]])
        self.assertEqual("file:///lib/x86_64-linux-gnu/libc.so.6",
                         result["stacks"][0]["frames"][0]["location"]["physicalLocation"]["artifactLocation"]["uri"])

    def test_rules_have_the_catalogues_words_where_it_has_some(self):
        first, second = run_of("small")["tool"]["driver"]["rules"][:2]
        self.assertEqual("A kill that races with a wait hits a stranger", first["shortDescription"]["text"])
        self.assertEqual("kill of a pid this process had already reaped", first["fullDescription"]["text"])
        self.assertIn("## Remedy\n\nHold a **pidfd**.", first["help"]["markdown"])
        self.assertEqual("A parent never waits", second["shortDescription"]["text"])
        self.assertEqual("warning", second["defaultConfiguration"]["level"])

    def test_marks_fingerprints_and_counts(self):
        results = run_of("small")["results"]
        self.assertEqual(["new", "unchanged", "new"], [result["baselineState"] for result in results])
        self.assertEqual([0, 0, 1], [len(result["suppressions"]) for result in results])
        self.assertEqual("0123456789abcdef0123456789abcdef", results[0]["partialFingerprints"]["primaryLocationLineHash"])
        self.assertEqual(3, results[0]["occurrenceCount"])
        self.assertNotIn("baselineState", run_of("placeless")["results"][0])

    def test_what_is_less_than_whole_is_a_notification(self):
        texts = [note["message"]["text"] for note in run_of("small")["invocations"][0]["toolExecutionNotifications"]]
        self.assertEqual(3, len(texts))
        self.assertRegex(texts[0], "^events of the record that were lost.*: 12$")
        self.assertRegex(texts[1], "^images that ran without hooks.*: 1$")
        self.assertIn("fd-leak:old_function", texts[2])
        self.assertEqual([], run_of("quiet")["invocations"][0]["toolExecutionNotifications"])

    def test_hostile_text_makes_no_link(self):
        text = run_of("hostile")["results"][0]["message"]["text"]
        self.assertIn("\\[link\\](http", text)
        self.assertNotIn("[link](", text)


class Page(html.parser.HTMLParser):
    """Its elements, and what stands in its scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.scripts, self.inside, self.policy = [], [], False, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(attrs)))
        if tag == "script":
            self.scripts.append("")
        self.inside = tag == "script"
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


@functools.lru_cache(maxsize=None)
def page_of(model):
    return Page(written("html", model).decode("utf-8"))


class Html(unittest.TestCase):
    def test_data_adds_no_element_whatever_is_in_it(self):
        for model in MODELS:
            with self.subTest(model):
                self.assertEqual(page_of("empty").tags, page_of(model).tags)
                self.assertEqual(2, len(page_of(model).scripts))

    def test_data_is_json_without_markup(self):
        for model in MODELS:
            with self.subTest(model):
                data = page_of(model).scripts[0]
                self.assertFalse(set("<>&") & set(data))
                self.assertEqual(page_of(model).scripts[1], page_of("empty").scripts[1])
                strict(data.encode())

    def test_only_its_own_script_may_run_and_nothing_is_fetched(self):
        page = page_of("hostile")
        digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
        self.assertIn(f"script-src 'sha256-{digest}'", page.policy)
        self.assertIn("default-src 'none'", page.policy)
        for _, attrs in page.tags:
            self.assertFalse({"src", "href", "style", "onclick", "onerror"} & {name for name, _ in attrs})
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:"):
            self.assertNotIn(word, page.scripts[1])

    def test_the_data_is_the_audit(self):
        data = strict(page_of("small").scripts[0].encode())
        self.assertEqual([1200, 1201, 1202, 1202], [process["pid"] for process in data["processes"]])
        self.assertEqual([-1, 0, 1, 1], [process["starter"] for process in data["processes"]])
        self.assertEqual(["./tests/run", "--all", "it's here"], data["processes"][1]["argv"])
        self.assertEqual([310000, 120000], [place["time"] for place in data["findings"][0]["places"]])
        self.assertEqual("src/start#1.c", data["findings"][0]["places"][1]["frames"][1]["file"])
        self.assertEqual(["kill-wait-race"], list(data["remedies"]))
        self.assertEqual((12, 1, ["fd-leak:old_function"]), (data["lost"], data["unhooked"], data["unused"]))
        self.assertEqual(5000, len(strict(page_of("large").scripts[0].encode())["processes"]))

    def test_bytes_that_are_no_text_are_replaced_and_controls_kept_for_the_page_to_spell_out(self):
        argv = strict(page_of("hostile").scripts[0].encode())["processes"][0]["argv"]
        self.assertIn("\x1b[31m\x07\ufffd\ufffd\ufffd\ufffd\ufffd\"", argv[0])
        self.assertTrue(argv[0].startswith("</script><script>"))
        self.assertEqual("", argv[2])


class Trace(unittest.TestCase):
    def events(self, model, phase):
        return [event for event in strict(written("trace", model))["traceEvents"] if event["ph"] == phase]

    def test_every_event_has_what_its_phase_needs(self):
        needs = {"M": {"args"}, "X": {"ts", "dur"}, "i": {"ts", "s"}, "s": {"ts", "id"}, "f": {"ts", "id", "bp"}}
        for model in MODELS:
            for event in strict(written("trace", model))["traceEvents"]:
                self.assertLessEqual({"name", "cat", "pid", "tid"} | needs[event["ph"]], event.keys(), model)
                self.assertGreaterEqual(event.get("ts", 0), 0)
                self.assertGreaterEqual(event.get("dur", 0), 0)

    def test_each_process_has_a_track_even_where_a_pid_comes_again(self):
        for model, count in (("empty", 0), ("small", 4), ("hostile", 4), ("large", 5000)):
            tracks = [event["pid"] for event in self.events(model, "X")]
            self.assertEqual((count, count), (len(tracks), len(set(tracks))), model)
        names = {event["pid"]: event["args"]["name"] for event in self.events("small", "M") if event["name"] == "process_name"}
        self.assertEqual("sleep", names[1202])
        self.assertIn("sleep (pid 1202)", names.values())

    def test_each_place_of_a_finding_is_an_instant_on_its_track(self):
        self.assertEqual([("kill-wait-race", 1201, 310000), ("kill-wait-race", 1201, 120000), ("zombie-apocalypse", 1201, 120000)],
                         [(event["name"], event["pid"], event["ts"]) for event in self.events("small", "i")][:3])
        last = self.events("small", "i")[3]
        self.assertEqual((900000, "suppressed"), (last["ts"], "suppressed" if last["args"]["suppressed"] else ""))
        self.assertEqual(40, len(self.events("large", "i")))

    def test_who_ended_before_the_birth_lived_no_time(self):
        self.assertEqual({0}, {event["dur"] for event in self.events("hostile", "X") if event["args"]["pid"] in (-1, 7)})

    def test_starts_are_arrows_with_two_ends(self):
        for model in ("small", "large"):
            ends = collections.Counter(event["id"] for phase in "sf" for event in self.events(model, phase))
            self.assertEqual({2}, set(ends.values()))
            self.assertEqual(len(self.events(model, "X")) - 1, len(ends))


if __name__ == "__main__":
    unittest.main()
