"""The report of a run, or of several side by side: one JSON object, and the same as one self-contained HTML page."""

from neurodeploy.reporting.html import page_json, render, write_report
from neurodeploy.reporting.summary import report_json

__all__ = ["page_json", "render", "report_json", "write_report"]
