"""The rendered overlays, and how their parts refer to each other. scripts/check-deploy renders them."""
import pathlib
import re
import tomllib

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RENDERED = ROOT / "target/deploy/rendered"
OVERLAYS = sorted(path.name for path in (ROOT / "k8s/overlays").iterdir())

CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())
ROCKET = tomllib.loads((ROOT / "Rocket.toml").read_text())["default"]


class Overlay:
    def __init__(self, name):
        self.name = name
        self.documents = list(yaml.safe_load_all((RENDERED / f"{name}.yaml").read_text()))

    def of(self, *kinds):
        return [it for it in self.documents if it["kind"] in kinds]

    def one(self, kind, name):
        found = [it for it in self.of(kind) if it["metadata"]["name"] == name]
        assert len(found) == 1, f"{self.name}: {len(found)} {kind} {name}"
        return found[0]

    def workloads(self):
        return self.of("Deployment", "StatefulSet")

    def selected(self, labels):
        """The workloads whose pods have these labels."""
        assert labels, "an empty selector is everything"
        return [it for it in self.workloads() if labels.items() <= pod_labels(it).items()]

    def server(self):
        """The server's container."""
        (container,) = pod(self.one("Deployment", "todo-api"))["containers"]
        return container

    def settings(self):
        """The variables that the server's ConfigMap gives it."""
        (reference,) = self.server()["envFrom"]
        return self.one("ConfigMap", reference["configMapRef"]["name"])["data"]


def load():
    return [Overlay(name) for name in OVERLAYS]


def each(overlays, *kinds):
    """Every document of these kinds. The last line that is printed, which unittest -b shows of a test that fails, is
    the one it fails for."""
    for overlay in overlays:
        for document in overlay.of(*kinds):
            print(overlay.name, described(document))
            yield overlay, document


def pod(workload):
    return workload["spec"]["template"]["spec"]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def containers(workload):
    spec = pod(workload)
    return spec.get("initContainers", []) + spec["containers"]


def ports(workload):
    return {it["name"]: it["containerPort"] for container in containers(workload) for it in container.get("ports", [])}


def quantity(text):
    """A quantity of Kubernetes in its unit: 100m is 0.1, 64Mi is 67108864."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text)).groups()
    units = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return float(number) * units[unit]


def described(workload):
    return f"{workload['kind']} {workload['metadata']['name']}"
