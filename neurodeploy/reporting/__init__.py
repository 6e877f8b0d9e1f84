"""The report of a run: one JSON object, and the same as one self-contained HTML page."""

from neurodeploy.reporting.html import render, write_report
from neurodeploy.reporting.summary import report_json

__all__ = ["render", "report_json", "write_report"]
