"""JUnit's XML: a test suite for each family, a test case for each program and mode."""

import itertools
import xml.etree.ElementTree as xml

from .report_text import evidence
from .text import visible
from .verdict import BROK, CONF, FAIL, NA

ELEMENTS = {FAIL: "failure", BROK: "error", CONF: "skipped", NA: "skipped"}
UNKNOWN = "malformed"


def class_of(report, *words):
    return ".".join(["conformance", *([report.label] if report.label else []), *words])


def add_case(suite, classname, name, verdict, reason, seconds=0.0, text=()):
    case = xml.SubElement(suite, "testcase", classname=classname, name=name,
                          time=f"{seconds:.3f}")
    if verdict in ELEMENTS:
        inner = xml.SubElement(case, ELEMENTS[verdict], message=visible(reason))
        inner.text = "".join(f"{line}\n" for line in text) or None


def add_result(suite, report, result):
    identity = class_of(report, visible(result.gotcha.id))
    for complaint in result.gotcha.complaints:
        add_case(suite, identity, "files", BROK, str(complaint))
    for one in result.cells:
        add_case(suite, identity, report.name_of(one), one.verdict, one.reason, one.seconds,
                 [*evidence(one), f"again: {report.again(one)}"])


def count(suite):
    suite.set("tests", str(len(suite.findall(".//testcase"))))
    for name, element in ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"):
        suite.set(name, str(len(suite.findall(f".//{element}"))))
    suite.set("time", f"{sum(float(case.get('time')) for case in suite.iter('testcase')):.3f}")


def add_report(top, report):
    if report.lacks:
        suite = xml.SubElement(top, "testsuite", name=class_of(report))
        add_case(suite, class_of(report), report.platform.column, *report.lacks)
        count(suite)
    by_family = itertools.groupby(report.results, lambda r: r.gotcha.entry.family if r.gotcha.entry else UNKNOWN)
    for family, results in by_family:
        suite = xml.SubElement(top, "testsuite", name=class_of(report, family))
        for result in results:
            add_result(suite, report, result)
        count(suite)


def render(report, colours=False):
    return render_several([report], colours)


def render_several(reports, colours=False):
    del colours
    top = xml.Element("testsuites", name="conformance")
    for report in reports:
        add_report(top, report)
    count(top)
    xml.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(top, encoding="unicode") + "\n"
