"""The matrix of what was run, as a page."""

from . import matrix, matrix_page, report_json


def render(report, colours=False):
    return render_several([report], colours)


def render_several(reports, colours=False):
    del colours
    parts = [("", matrix.of_report(report_json.one_report(report))) for report in reports]
    return matrix_page.render(matrix.merged(parts))
