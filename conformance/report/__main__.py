"""Write the published schema of the report: ``python -m conformance.report``."""

from conformance.report.document import SCHEMA
from conformance.report.schema import schema_text

SCHEMA.write_text(schema_text(), encoding="utf-8")
