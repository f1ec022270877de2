"""Pod Security "restricted", field by field, and that there are no secrets here.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""
import unittest

import yaml

from manifests import ROOT, containers, each, load, pod, quantity

HOST = ("hostNetwork", "hostPID", "hostIPC")
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


class Security(unittest.TestCase):
    def setUp(self):
        self.overlays = load()

    def workloads(self):
        return each(self.overlays, "Deployment", "StatefulSet")

    def test_namespaces_enforce_restricted(self):
        for overlay in self.overlays:
            (namespace,) = overlay.of("Namespace")
            for mode in ("enforce", "audit", "warn"):
                self.assertEqual(namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"], "restricted")

    def test_pods_are_restricted(self):
        for _, workload in self.workloads():
            spec, context = pod(workload), pod(workload)["securityContext"]
            for field in HOST:
                self.assertNotIn(field, spec)
            for volume in spec.get("volumes", []):
                self.assertLessEqual(volume.keys() - {"name"}, VOLUMES)
            self.assertIs(context["runAsNonRoot"], True)
            self.assertGreater(context["runAsUser"], 0)
            self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
            for field in ("sysctls", "seLinuxOptions", "windowsOptions", "appArmorProfile", "supplementalGroups"):
                self.assertNotIn(field, context)

    def test_containers_are_restricted(self):
        for _, workload in self.workloads():
            self.assertNotIn("ephemeralContainers", pod(workload))
            for container in containers(workload):
                # The whole context: what is not here is the pod's, or Kubernetes' safe default.
                self.assertEqual(
                    container["securityContext"],
                    {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                )
                for port in container.get("ports", []):
                    self.assertNotIn("hostPort", port)
                for handler in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertNotIn("host", container.get(handler, {}).get("httpGet", {}))
                self.assertNotIn("lifecycle", container)

    def test_our_own_run_as_65532_and_write_nowhere(self):
        for _, workload in self.workloads():
            if workload["kind"] == "StatefulSet":
                continue
            self.assertEqual(pod(workload)["securityContext"]["runAsUser"], 65532)
            self.assertEqual(pod(workload)["securityContext"]["runAsGroup"], 65532)
            self.assertNotIn("volumes", pod(workload))

    def test_no_pod_gets_a_token_of_kubernetes(self):
        for overlay, workload in self.workloads():
            self.assertIs(pod(workload)["automountServiceAccountToken"], False)
        for overlay in self.overlays:
            for account in overlay.of("ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)
            self.assertFalse(overlay.of("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"))

    def test_requests_are_within_limits_and_memory_has_one(self):
        for _, workload in self.workloads():
            for container in containers(workload):
                requests, limits = container["resources"]["requests"], container["resources"]["limits"]
                self.assertEqual(requests.keys(), {"cpu", "memory"})
                self.assertEqual(limits.keys(), {"memory"})
                for name, limit in limits.items():
                    self.assertLessEqual(quantity(requests[name]), quantity(limit))

    def test_secrets_are_referred_to_and_not_here(self):
        for overlay in self.overlays:
            self.assertFalse(overlay.of("Secret"))
        for _, workload in self.workloads():
            for container in containers(workload):
                for variable in container.get("env", []):
                    if any(word in variable["name"] for word in ("SECRET", "PASSWORD", "DATABASE_URL")):
                        self.assertEqual(variable["valueFrom"]["secretKeyRef"]["name"], "todo-api")
                        self.assertEqual(variable["valueFrom"]["secretKeyRef"]["key"], variable["name"])
        for path in (ROOT / "k8s").rglob("*.yaml"):
            for document in yaml.safe_load_all(path.read_text()):
                self.assertNotIn("secretGenerator", document)

    def test_compose_runs_the_server_as_kubernetes_does(self):
        server = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["api"]
        self.assertIs(server["read_only"], True)
        self.assertEqual(server["cap_drop"], ["ALL"])
        self.assertEqual(server["security_opt"], ["no-new-privileges:true"])
        self.assertRegex(server["environment"]["BETTER_AUTH_SECRET"], r"^\$\{BETTER_AUTH_SECRET:\?.+\}$")
