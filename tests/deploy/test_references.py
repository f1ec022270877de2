"""Whatever names something else names something that is there."""
import json
import unittest

from manifests import ROCKET, ROOT, containers, described, each, load, pod, pod_labels, ports


class References(unittest.TestCase):
    def setUp(self):
        self.overlays = load()

    def each(self, *kinds):
        return each(self.overlays, *kinds)

    def test_workloads_select_their_own_pods_and_no_others(self):
        for overlay, workload in self.each("Deployment", "StatefulSet"):
            self.assertEqual(overlay.selected(workload["spec"]["selector"]["matchLabels"]), [workload])
            for spread in pod(workload).get("topologySpreadConstraints", []):
                self.assertEqual(overlay.selected(spread["labelSelector"]["matchLabels"]), [workload])

    def test_a_service_is_for_one_workload_and_its_ports_are_there(self):
        for overlay, service in self.each("Service"):
            (workload,) = overlay.selected(service["spec"]["selector"])
            self.assertEqual(workload["metadata"]["name"], service["metadata"]["name"])
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], ports(workload))

    def test_a_stateful_set_has_its_service(self):
        for overlay, workload in self.each("StatefulSet"):
            overlay.one("Service", workload["spec"]["serviceName"])

    def test_every_pod_is_behind_a_network_policy_for_both_directions(self):
        for overlay, workload in self.each("Deployment", "StatefulSet"):
            directions = set()
            for policy in overlay.of("NetworkPolicy"):
                if workload in overlay.selected(policy["spec"]["podSelector"]["matchLabels"]):
                    directions.update(policy["spec"]["policyTypes"])
            self.assertEqual(directions, {"Ingress", "Egress"})

    def test_network_policies_are_about_pods_and_ports_that_are_there(self):
        for overlay, policy in self.each("NetworkPolicy"):
            spec = policy["spec"]
            (workload,) = overlay.selected(spec["podSelector"]["matchLabels"])
            for rule in spec.get("ingress", []):
                self.assertTrue(rule["from"], "from everywhere")
                for port in rule["ports"]:
                    self.assertIn(port["port"], ports(workload))
                for peer in rule["from"]:
                    if "podSelector" in peer and "namespaceSelector" not in peer:
                        self.assertTrue(overlay.selected(peer["podSelector"]["matchLabels"]))

    def test_the_server_is_reached_from_ingress_and_monitoring_and_reaches_three_things(self):
        for overlay, policy in self.each("NetworkPolicy"):
            if policy["metadata"]["name"] != "todo-api":
                continue
            (rule,) = policy["spec"]["ingress"]
            names = {it["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for it in rule["from"]}
            self.assertEqual(names, {"ingress-nginx", "monitoring"})
            out = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
            self.assertEqual(out, {53, 5432, 443})

    def test_an_autoscaler_scales_a_workload_that_says_what_it_requests(self):
        for overlay, scaler in self.each("HorizontalPodAutoscaler"):
            spec = scaler["spec"]
            target = overlay.one(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
            self.assertNotIn("replicas", target["spec"], "two would set the number of replicas")
            self.assertLessEqual(spec["minReplicas"], spec["maxReplicas"])
            for container in containers(target):
                self.assertIn("cpu", container["resources"]["requests"])

    def test_the_database_of_an_overlay_has_connections_for_every_replica(self):
        # PostgreSQL's default of 100, less the 3 it keeps for its superuser; one replica more during a rollout.
        for overlay, scaler in self.each("HorizontalPodAutoscaler"):
            if overlay.of("StatefulSet"):
                most = (scaler["spec"]["maxReplicas"] + 1) * ROCKET["databases"]["todo"]["max_connections"]
                self.assertLessEqual(most, 97)

    def test_a_disruption_budget_lets_a_node_be_drained(self):
        for overlay, budget in self.each("PodDisruptionBudget"):
            (workload,) = overlay.selected(budget["spec"]["selector"]["matchLabels"])
            self.assertEqual(workload["kind"], "Deployment")
            self.assertGreaterEqual(budget["spec"]["maxUnavailable"], 1)

    def test_a_rollout_takes_no_replica_away_before_there_is_another(self):
        for overlay, workload in self.each("Deployment"):
            self.assertEqual(workload["spec"]["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1})

    def test_the_ingress_leads_to_a_port_of_a_service(self):
        for overlay, ingress in self.each("Ingress"):
            for path in paths_of(ingress):
                backend = path["backend"]["service"]
                service = overlay.one("Service", backend["name"])
                self.assertIn(backend["port"]["name"], [it["name"] for it in service["spec"]["ports"]])

    def test_the_ingress_has_every_public_path_and_no_other(self):
        document = json.loads((ROOT / "specs/api/openapi.json").read_text())
        public = [path for path in document["paths"] if path.startswith("/api/")]
        self.assertTrue(public)
        public += ["/docs", "/docs/start.js", "/openapi.json"]
        hidden = ["/metrics", "/livez", "/readyz", "/health", "/", "/apis", "/openapi.json/x"]
        for _, ingress in self.each("Ingress"):
            for path in public:
                self.assertTrue(is_routed(ingress, path), path)
            for path in hidden:
                self.assertFalse(is_routed(ingress, path), path)

    def test_the_ingress_has_the_paths_of_agents_where_they_are_switched_on(self):
        states = set()
        for overlay, ingress in self.each("Ingress"):
            is_on = overlay.settings().get("ROCKET_MCP") == "true"
            states.add(is_on)
            for path in ["/mcp", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]:
                self.assertEqual(is_routed(ingress, path), is_on, path)
            for path in ["/mcp/x", "/.well-known", "/.well-known/openid-configuration"]:
                self.assertFalse(is_routed(ingress, path), path)
        self.assertEqual(states, {True, False})

    def test_probes_ask_for_paths_and_ports_that_are_there(self):
        documented = json.loads((ROOT / "specs/api/openapi.json").read_text())["paths"]
        for _, workload in self.each("Deployment", "StatefulSet"):
            for container in pod(workload)["containers"]:
                for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                    probe = container[kind]
                    if "httpGet" in probe:
                        self.assertIn(probe["httpGet"]["path"], documented)
                        self.assertIn(probe["httpGet"]["port"], ports(workload))

    def test_a_service_has_an_address_without_cluster_dns(self):
        for overlay, service in self.each("Service"):
            self.assertNotIn("clusterIP", service["spec"])

    def test_only_readiness_waits_for_the_database(self):
        for overlay in self.overlays:
            server = overlay.server()
            self.assertEqual(server["startupProbe"]["httpGet"]["path"], "/livez")
            self.assertEqual(server["livenessProbe"]["httpGet"]["path"], "/livez")
            self.assertEqual(server["readinessProbe"]["httpGet"]["path"], "/readyz")

    def test_the_server_listens_where_it_is_looked_for(self):
        self.assertIn(f"EXPOSE {ROCKET['port']}\n", (ROOT / "Dockerfile").read_text())
        self.assertEqual(ROCKET["address"], "0.0.0.0")
        for overlay in self.overlays:
            self.assertEqual(ports(overlay.one("Deployment", "todo-api")), {"http": ROCKET["port"]})
            self.assertFalse({"PORT", "ROCKET_PORT", "ROCKET_ADDRESS"} & overlay.settings().keys())

    def test_config_maps_accounts_and_volumes_are_there(self):
        for overlay, workload in self.each("Deployment", "StatefulSet"):
            spec = pod(workload)
            if "serviceAccountName" in spec:
                overlay.one("ServiceAccount", spec["serviceAccountName"])
            volumes = {it["name"] for it in spec.get("volumes", [])}
            for volume in spec.get("volumes", []):
                if "persistentVolumeClaim" in volume:
                    overlay.one("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
            for container in containers(workload):
                for source in container.get("envFrom", []):
                    overlay.one("ConfigMap", source["configMapRef"]["name"])
                for mount in container.get("volumeMounts", []):
                    self.assertIn(mount["name"], volumes)

    def test_everything_is_in_the_overlays_namespace_and_labelled(self):
        for overlay in self.overlays:
            (namespace,) = overlay.of("Namespace")
            for document in overlay.documents:
                with self.subTest(overlay=overlay.name, document=described(document)):
                    metadata = document["metadata"]
                    self.assertEqual(metadata["labels"]["app.kubernetes.io/part-of"], "todo-api")
                    if document is namespace:
                        continue
                    self.assertEqual(metadata["namespace"], namespace["metadata"]["name"])
                    self.assertIn("app.kubernetes.io/name", metadata["labels"])
            for workload in overlay.workloads():
                self.assertLessEqual(
                    {"app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of"},
                    pod_labels(workload).keys(),
                )


def paths_of(ingress):
    return [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]


def is_routed(ingress, path):
    def matches(it):
        prefix = it["pathType"] == "Prefix" and path.startswith(it["path"].rstrip("/") + "/")
        return prefix or path == it["path"]

    return any(matches(it) for it in paths_of(ingress))
