"""The part of Kubernetes' API server that `kubectl apply` talks to: discovery, reading and storing. It stores objects in the form that the real server
gives them, where that form differs from the manifest within a list: kubectl compares such lists as a whole.
"""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Kind: group, version, plural, whether it is in a namespace.
KINDS = {
    "Namespace": ("", "v1", "namespaces", False),
    "ConfigMap": ("", "v1", "configmaps", True),
    "PersistentVolumeClaim": ("", "v1", "persistentvolumeclaims", True),
    "Service": ("", "v1", "services", True),
    "ServiceAccount": ("", "v1", "serviceaccounts", True),
    "Deployment": ("apps", "v1", "deployments", True),
    "StatefulSet": ("apps", "v1", "statefulsets", True),
    "HorizontalPodAutoscaler": ("autoscaling", "v2", "horizontalpodautoscalers", True),
    "Job": ("batch", "v1", "jobs", True),
    "Ingress": ("networking.k8s.io", "v1", "ingresses", True),
    "NetworkPolicy": ("networking.k8s.io", "v1", "networkpolicies", True),
    "PodDisruptionBudget": ("policy", "v1", "poddisruptionbudgets", True),
    "PrometheusRule": ("monitoring.coreos.com", "v1", "prometheusrules", True),
    "ServiceMonitor": ("monitoring.coreos.com", "v1", "servicemonitors", True),
}
STRING_MAPS = {"annotations", "data", "labels", "matchLabels", "nodeSelector"}
GROUPS = sorted({(group, version) for group, version, _, _ in KINDS.values() if group})


def stored(value, key=None):
    """The object without its empty optional fields, which Go's `omitempty` leaves out, and with defaults in lists that kubectl compares whole."""
    if isinstance(value, list):
        return [stored(it) for it in value]
    if not isinstance(value, dict):
        return value
    fields = {name: stored(it, name) for name, it in value.items()}
    kept = {name: it for name, it in fields.items() if not (it in ([], "", None) or (it == {} and name in STRING_MAPS))}
    if kept.get("kind") == "NetworkPolicy":
        rules = kept["spec"].get("ingress", []) + kept["spec"].get("egress", [])
        for port in (port for rule in rules for port in rule.get("ports", [])):
            port.setdefault("protocol", "TCP")
    for claim in kept["spec"].get("volumeClaimTemplates", []) if kept.get("kind") == "StatefulSet" else []:
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        claim["spec"]["volumeMode"] = "Filesystem"
    return kept


class ApiServer:
    """Serves at `url` until `close`. `writes` has the method, the kind and the body of each request that changes something."""

    def __init__(self):
        self.objects, self.writes = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"api": self}))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def respond(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    @property
    def name(self):
        return self.path.partition("?")[0]

    def do_GET(self):
        if self.name == "/api":
            return self.respond(200, {"kind": "APIVersions", "versions": ["v1"]})
        if self.name == "/apis":
            return self.respond(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(*it) for it in GROUPS]})
        if match := re.fullmatch(r"/api/v1|/apis/([^/]+)/v\d", self.name):
            return self.respond(200, resources(match[1] or ""))
        if self.name in self.api.objects:
            return self.respond(200, self.api.objects[self.name])
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "details": {}}
        return self.respond(404, status)

    def do_POST(self):
        document = stored(self.read())
        self.api.writes.append(("POST", document["kind"], document))
        self.api.objects[f"{self.name}/{document['metadata']['name']}"] = document
        self.respond(201, document)

    def do_PATCH(self):
        document = self.api.objects[self.name]
        self.api.writes.append(("PATCH", document["kind"], self.read()))
        self.respond(200, document)


def group(name, version):
    version = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [version], "preferredVersion": version}


def resources(group):
    found = {kind: it for kind, it in KINDS.items() if it[0] == group}
    version = next(iter(found.values()))[1]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [
            {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced, "verbs": ["create", "get", "patch"]}
            for kind, (_, _, plural, namespaced) in found.items()
        ],
    }
