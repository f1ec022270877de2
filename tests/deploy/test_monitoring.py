"""What Prometheus is asked to scrape and what is asked of it: resources whose schemas are not Kubernetes' own, so that
kubernetes-validate knows nothing of them; and the dashboard.

The expressions themselves are tried by promtool, on the series of alerts.yaml.
"""
import json
import re
import unittest

from manifests import ROOT, load

# What the program serves at /metrics, and what Prometheus itself adds.
METRICS = {
    "todo_http_requests_total": {"method", "route", "status"},
    "todo_http_request_duration_seconds_bucket": {"method", "route", "le"},
    "todo_http_request_duration_seconds_sum": {"method", "route"},
    "todo_http_request_duration_seconds_count": {"method", "route"},
    "todo_http_requests_in_flight": set(),
    "todo_db_up": set(),
    "todo_db_pool_connections": {"state"},
    "todo_db_pool_max_connections": set(),
    "todo_db_pool_waits_total": set(),
    "todo_db_pool_timeouts_total": set(),
    "todo_db_batch_size_sum": {"kind"},
    "todo_db_batch_size_count": {"kind"},
    "todo_db_batch_wait_seconds_bucket": {"kind", "le"},
    "todo_token_verifications_total": {"result"},
    "todo_token_wrong_claims_total": {"claim"},
    "todo_jwks_age_seconds": set(),
    "todo_build_info": {"version"},
    "up": set(),
}
TARGET = {"job", "pod", "namespace"}
OUTCOMES = {"accepted", "missing", "expired", "invalid_signature", "invalid", "wrong_claim"}
DASHBOARD = ROOT / "k8s/dashboards/todo-api.json"


def selectors(expression):
    """Metrics with what stands in their braces."""
    return re.findall(r"\b(todo_\w+|up)\b(?:\{([^}]*)\})?", expression)


class Monitoring(unittest.TestCase):
    def setUp(self):
        self.overlays = [it for it in load() if it.of("ServiceMonitor")]
        self.assertTrue(self.overlays)

    def rules(self):
        for overlay in self.overlays:
            (resource,) = overlay.of("PrometheusRule")
            for group in resource["spec"]["groups"]:
                yield from group["rules"]

    def panels(self):
        return json.loads(DASHBOARD.read_text())["panels"]

    def expressions(self):
        yield from (rule["expr"] for rule in self.rules())
        yield from (target["expr"] for panel in self.panels() for target in panel.get("targets", []))

    def test_monitors_have_only_fields_that_exist_and_find_their_service(self):
        for overlay in self.overlays:
            (monitor,) = overlay.of("ServiceMonitor")
            self.assertEqual(monitor["apiVersion"], "monitoring.coreos.com/v1")
            self.assertEqual(monitor["spec"].keys(), {"selector", "endpoints"})
            (endpoint,) = monitor["spec"]["endpoints"]
            self.assertEqual(endpoint.keys(), {"port", "path", "interval", "scrapeTimeout"})
            labels = monitor["spec"]["selector"]["matchLabels"]
            (service,) = [it for it in overlay.of("Service") if labels.items() <= it["metadata"]["labels"].items()]
            self.assertIn(endpoint["port"], [it["name"] for it in service["spec"]["ports"]])
            self.assertEqual(endpoint["path"], "/metrics")

    def test_rules_have_only_fields_that_exist_and_what_everyone_needs(self):
        for overlay in self.overlays:
            (resource,) = overlay.of("PrometheusRule")
            self.assertEqual(resource["apiVersion"], "monitoring.coreos.com/v1")
            self.assertEqual(resource["spec"].keys(), {"groups"})
            for group in resource["spec"]["groups"]:
                self.assertEqual(group.keys(), {"name", "rules"})
        for rule in self.rules():
            self.assertEqual(rule.keys(), {"alert", "expr", "for", "labels", "annotations"})
            self.assertIn(rule["labels"]["severity"], {"critical", "warning"})
            self.assertEqual(rule["annotations"].keys(), {"summary"})

    def test_every_alert_says_in_the_documentation_what_to_do(self):
        text = (ROOT / "docs/OPERATIONS.md").read_text()
        documented = re.findall(r"^\*\*`(TodoApi\w+)`\*\*", text, re.M)
        self.assertEqual(sorted(documented), sorted(rule["alert"] for rule in self.rules()))

    def test_expressions_are_about_metrics_and_labels_that_are_served(self):
        for expression in self.expressions():
            found = selectors(expression)
            self.assertTrue(found, expression)
            for metric, matchers in found:
                self.assertIn(metric, METRICS)
                for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', matchers):
                    self.assertIn(label, METRICS[metric] | TARGET, expression)
                    if label == "outcome":
                        self.assertIn(value, OUTCOMES)
                    if label == "state":
                        self.assertIn(value, {"idle", "used"})

    def test_the_dashboard_shows_every_metric_and_draws_no_panel_twice_or_over_another(self):
        shown = {name for panel in self.panels() for it in panel.get("targets", []) for name, _ in selectors(it["expr"])}
        unseen = {name for name in METRICS if not name.endswith(("_sum", "_count"))} - shown - {"up"}
        self.assertFalse(unseen)
        self.assertEqual(len({panel["id"] for panel in self.panels()}), len(self.panels()))
        cells = [
            (x, y)
            for panel in self.panels()
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLess(max(x for x, _ in cells), 24)
