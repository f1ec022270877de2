"""Links of the documents lead somewhere, and CONTRIBUTING's list for a new field names every file that has one."""
import re
import subprocess
import unittest

from manifests import ROOT


def tracked(*patterns):
    output = subprocess.check_output(["git", "ls-files", *patterns], cwd=ROOT, text=True)
    return [ROOT / name for name in output.splitlines()]


def anchors(document):
    """The anchors that GitHub gives to the headings of a document."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Documents(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading(self):
        documents = [it for it in tracked("*.md") if not it.is_relative_to(ROOT / "assets")]
        self.assertTrue(documents)
        for document in documents:
            for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
                if re.match(r"[a-z]+:", link):
                    continue
                with self.subTest(document=document.name, link=link):
                    path, _, anchor = link.partition("#")
                    target = document.parent / path if path else document
                    self.assertTrue(target.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(target))

    def test_the_code_for_next_js_is_in_the_example(self):
        section = (ROOT / "README.md").read_text().split("## With Next.js and Better Auth")[1].split("\n## ")[0]
        blocks = re.findall(r"```tsx?\n// (\S+)\n(.*?)```", section, re.S)
        self.assertEqual(len(blocks), section.count("```ts"), "each block names its file")
        self.assertTrue(blocks)
        for path, code in blocks:
            with self.subTest(path=path):
                source = (ROOT / "examples/nextjs" / path).read_text()
                lines = [line for line in source.splitlines() if line.strip() and not re.match(r"\s*(/\*\*|\*|//)", line)]
                self.assertIn("\n".join(code.strip().splitlines()), "\n".join(lines))

    def test_every_decision_is_listed_and_has_the_same_headings(self):
        listed = re.findall(r"\]\((\d{4}-.*?\.md)\)", (ROOT / "docs/adr/README.md").read_text())
        records = tracked("docs/adr/0*.md")
        self.assertEqual(listed, [it.name for it in records])
        for record in records:
            with self.subTest(record=record.name):
                text = record.read_text()
                self.assertIn("**Status:**", text)
                headings = re.findall(r"^## (.*)$", text, re.M)
                wanted = ["Context", "Decision", "Alternatives", "Consequences"]
                self.assertEqual([it for it in headings if it in wanted], wanted)

    def test_the_list_for_a_new_field_names_every_file_that_has_description(self):
        text = (ROOT / "CONTRIBUTING.md").read_text()
        table = re.search(r"\| file \| change \|\n(.*?)\n\n", text, re.S).group(1)
        listed = {ROOT / path for row in table.splitlines() for path in re.findall(r"`([\w/.-]+/[\w/.-]*)`", row.split("|")[1])}
        for path in listed:
            self.assertTrue(path.exists(), path)
        has_field = {it for it in tracked("src/*", ":(glob)benches/*.rs") if re.search(r"\bdescription\b", it.read_text(), re.I)}
        # There the word is OpenAPI's: the text that describes an operation.
        has_field -= {it for it in has_field if it.is_relative_to(ROOT / "src/issuer")}
        has_field -= {ROOT / "src/docs/operations.rs", ROOT / "src/docs/document.rs"}
        # There it is MCP's: the text that describes a tool.
        has_field -= {ROOT / "src/mcp/schema.rs"}
        # There it is a column of sqlx's table of migrations.
        has_field -= {ROOT / "src/adopt/record.rs"}
        self.assertIn(ROOT / "src/task/input.rs", has_field)
        self.assertLessEqual(has_field, listed)
        # These have the number of columns, but no names.
        for path in listed - {ROOT / "src/store/schema.rs", ROOT / "src/store/batch/rows.rs"}:
            if path.is_file():
                self.assertIn("description", path.read_text(), path)
