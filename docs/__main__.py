"""Write the generated pages."""

from docs import findings_page, mutants_page, requirements_page
from docs.provider_page import FOLDER, pages

FOLDER.mkdir(exist_ok=True)
for name, text in pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
mutants_page.FILE.write_text(mutants_page.mutants_page(), encoding="utf-8")
requirements_page.FILE.write_text(requirements_page.requirements_page(), encoding="utf-8")
findings_page.FILE.write_text(findings_page.page(), encoding="utf-8")
