"""Every document is what Kubernetes' own schema says, of the two newest versions there are schemas for, with no field that it
does not know."""
import unittest

from kubernetes_validate import validate
from kubernetes_validate.utils import all_versions, major_minor
from packaging.version import Version

from manifests import described, load

VERSIONS = sorted({major_minor(it) for it in all_versions()}, key=Version)[-2:]
# Not Kubernetes' own: test_monitoring.py looks at these.
ELSEWHERE = {("monitoring.coreos.com/v1", "ServiceMonitor"), ("monitoring.coreos.com/v1", "PrometheusRule")}


class Schemas(unittest.TestCase):
    def test_every_document_has_exactly_the_fields_of_its_schema(self):
        for overlay in load():
            for document in overlay.documents:
                if (document["apiVersion"], document["kind"]) in ELSEWHERE:
                    continue
                for version in VERSIONS:
                    with self.subTest(overlay=overlay.name, document=described(document), version=version):
                        # An unknown kind raises, too.
                        self.assertEqual(validate(document, version, strict=True), version)
