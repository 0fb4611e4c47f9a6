"""JUnit's XML: a test suite for each family, a test case for each program and mode."""

import itertools
import xml.etree.ElementTree as xml

from .report_text import evidence
from .text import visible
from .verdict import BROK, CONF, FAIL

ELEMENTS = {FAIL: "failure", BROK: "error", CONF: "skipped"}
UNKNOWN = "malformed"


def add_case(suite, identity, name, verdict, reason, seconds=0.0, text=()):
    case = xml.SubElement(suite, "testcase", classname=f"conformance.{visible(identity)}", name=name,
                          time=f"{seconds:.3f}")
    if verdict in ELEMENTS:
        inner = xml.SubElement(case, ELEMENTS[verdict], message=visible(reason))
        inner.text = "".join(f"{line}\n" for line in text) or None


def add_result(suite, report, result):
    identity = result.gotcha.id
    for complaint in result.gotcha.complaints:
        add_case(suite, identity, "files", BROK, str(complaint))
    for one in result.cells:
        add_case(suite, identity, f"{one.program} {one.mode}", one.verdict, one.reason, one.seconds,
                 [*evidence(one), f"again: {report.again(one)}"])


def count(suite):
    suite.set("tests", str(len(suite.findall(".//testcase"))))
    for name, element in ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"):
        suite.set(name, str(len(suite.findall(f".//{element}"))))
    suite.set("time", f"{sum(float(case.get('time')) for case in suite.iter('testcase')):.3f}")


def render(report, colours=False):
    del colours
    top = xml.Element("testsuites", name="conformance")
    by_family = itertools.groupby(report.results, lambda r: r.gotcha.entry.family if r.gotcha.entry else UNKNOWN)
    for family, results in by_family:
        suite = xml.SubElement(top, "testsuite", name=f"conformance.{family}")
        for result in results:
            add_result(suite, report, result)
        count(suite)
    count(top)
    xml.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(top, encoding="unicode") + "\n"
