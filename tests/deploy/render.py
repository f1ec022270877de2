"""Takes out of a rendered overlay what programs other than Kubernetes are to be given.

    render.py OVERLAY.yaml rules        what promtool reads, of the PrometheusRule
    render.py OVERLAY.yaml settings     the server's settings, NAME=value a line
"""
import sys

import yaml

path, what = sys.argv[1:]
kind = {"rules": "PrometheusRule", "settings": "ConfigMap"}[what]
with open(path) as file:
    (document,) = [it for it in yaml.safe_load_all(file) if it["kind"] == kind]
if what == "rules":
    print(yaml.safe_dump(document["spec"]), end="")
else:
    for name, value in document["data"].items():
        print(f"{name}={value}")
