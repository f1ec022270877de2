"""`kubectl apply` can apply the overlays any number of times and release after release. kubectl is the real program; api_server.py stands for the cluster."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

from api_server import ApiServer
from manifests import OVERLAYS, RENDERED, ROOT, containers, each, load, pod

KUBECTL = pathlib.Path(sys.executable).parent / "kubectl"
# The kinds that kubectl patches whatever the cluster has: it does not compare the selector of a budget (patch strategy "replace").
ALWAYS_PATCHED = {"PodDisruptionBudget"}
FACTORS = {"": 10, "m": 1000, "k": 1000, "M": 1000, "G": 1000, "Ki": 1024, "Mi": 1024, "Gi": 1024}


class Apply(unittest.TestCase):
    def setUp(self):
        self.api = ApiServer()
        self.addCleanup(self.api.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def apply(self, manifests):
        """Applies manifests and returns the requests that write."""
        path = self.folder / "manifests.yaml"
        path.write_text(manifests)
        self.api.writes.clear()
        # Without validation, for which kubectl wants the API's whole OpenAPI document. test_schemas.py validates.
        options = ["--server", self.api.url, "--kubeconfig", "/dev/null", "--cache-dir", self.folder, "--validate=false"]
        subprocess.run([KUBECTL, *options, "apply", "--filename", path], check=True, capture_output=True, text=True)
        return list(self.api.writes)

    def test_a_second_apply_changes_nothing(self):
        for overlay in OVERLAYS:
            manifests = (RENDERED / f"{overlay}.yaml").read_text()
            with self.subTest(overlay=overlay):
                self.assertEqual(len(self.apply(manifests)), len(list(yaml.safe_load_all(manifests))))
                for method, kind, patch in self.apply(manifests):
                    self.assertEqual((method, {kind}), ("PATCH", ALWAYS_PATCHED), patch)
                    (budget,) = [it for it in yaml.safe_load_all(manifests) if it["kind"] == kind]
                    self.assertEqual(patch, {"spec": {"selector": budget["spec"]["selector"]}}, "the same selector")

    def test_the_next_release_patches_the_deployment_and_nothing_else(self):
        for overlay in OVERLAYS:
            manifests = (RENDERED / f"{overlay}.yaml").read_text()
            with self.subTest(overlay=overlay):
                self.apply(manifests)
                next_release = re.sub(r"(ghcr.io/todo-api/todo-api):\S+", r"\1:99.0.0", manifests)
                written = {(method, kind) for method, kind, _ in self.apply(next_release)}
                self.assertEqual(written - {("PATCH", it) for it in ALWAYS_PATCHED}, {("PATCH", "Deployment")})

    def test_nothing_is_immutable_and_named_by_hand(self):
        # A Job's template, and a StatefulSet's volume claims. ConfigMaps have a hash in their names.
        for overlay in load():
            self.assertFalse(overlay.of("Job"))
            for workload in overlay.of("StatefulSet"):
                self.assertNotIn("volumeClaimTemplates", workload["spec"])
            for document in overlay.of("ConfigMap"):
                self.assertRegex(document["metadata"]["name"], r"^todo-api-[a-z0-9]{10}$")

    def test_quantities_are_written_as_the_api_server_writes_them(self):
        def quantities(overlay, document):
            if document["kind"] == "PersistentVolumeClaim":
                yield from document["spec"]["resources"]["requests"].values()
                return
            for container in containers(document):
                for limits in container["resources"].values():
                    yield from limits.values()
            yield from (it["emptyDir"]["sizeLimit"] for it in pod(document).get("volumes", []) if "emptyDir" in it)

        for overlay, document in each(load(), "Deployment", "StatefulSet", "PersistentVolumeClaim"):
            for text in quantities(overlay, document):
                number, unit = re.fullmatch(r"([1-9][0-9]*)([A-Za-z]*)", str(text)).groups()
                self.assertNotEqual(int(number) % FACTORS[unit], 0, text)

    def test_without_cluster_dns_the_nodes_servers_resolve_names(self):
        overlay = self.folder / "overlay"
        overlay.mkdir()
        # Relative, because kustomize accepts no absolute paths.
        (overlay / "k8s").symlink_to(ROOT / "k8s")
        for name in OVERLAYS:
            base = f"k8s/overlays/{name}"
            (overlay / "kustomization.yaml").write_text(
                yaml.safe_dump({"resources": [f"./{base}"], "components": ["./k8s/components/node-dns"]})
            )
            rendered = subprocess.run([KUBECTL, "kustomize", "--load-restrictor=LoadRestrictionsNone", overlay], check=True, capture_output=True, text=True)
            documents = list(yaml.safe_load_all(rendered.stdout))
            (server,) = [it for it in documents if it["kind"] == "Deployment"]
            self.assertEqual(pod(server)["dnsPolicy"], "Default")
            (policy,) = [it for it in documents if it["kind"] == "NetworkPolicy" and it["metadata"]["name"] == "todo-api"]
            self.assertEqual([it["port"] for it in policy["spec"]["egress"][0]["ports"]], [53, 53])
            self.assertNotIn("to", policy["spec"]["egress"][0])
