"""Reports of a run: for people, for machines, and what can be made of them.

``collected`` gathers what was judged; ``document`` is the JSON that every other form is made of, and ``words`` the
verdicts that stand in it.
"""

from conformance.report.collected import Report
from conformance.report.document import SUITE_VERSION, Check, Document, Excerpt, Failure

__all__ = ["SUITE_VERSION", "Check", "Document", "Excerpt", "Failure", "Report"]
