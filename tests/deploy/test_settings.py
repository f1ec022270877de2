"""What deployments tell the program is what it understands, and what they take for granted is so."""
import re
import unittest

import yaml

from manifests import CARGO, ROCKET, ROOT, containers, described, load, pod

# Seconds of the end in which connections to the database are closed (POOL_CLOSE_TIMEOUT in src/serve.rs), and those that the
# kubelet should have left over.
FAREWELL, ROOM = 1, 5


def plain_variables():
    """Those that src/config/sources.rs reads, which are all that the README promises."""
    table = re.search(r"\| variable \| key \| default \|\n(.*?)\n\n", (ROOT / "README.md").read_text(), re.S).group(1)
    promised = {name for row in table.splitlines() for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    source = (ROOT / "src/config/sources.rs").read_text()
    read = set(re.findall(r'^    \("([A-Z_]+)", "', source, re.M)) | set(re.findall(r'variable\("([A-Z_]+)"\)', source))
    # Those that src/logging.rs and src/fairings/otel.rs read.
    read |= {"RUST_LOG"} | set(re.findall(r'"(OTEL_[A-Z_]+)"', (ROOT / "src/fairings/otel.rs").read_text()))
    assert promised and promised <= read, f"in the README alone: {promised - read}"
    return read


def rocket_variables():
    """ROCKET_… for every key that the program knows."""
    source = (ROOT / "src/config/sources.rs").read_text()
    known = re.search(r"const KNOWN_KEYS: &\[&str\] = &\[(.*?)\];", source, re.S).group(1)
    return {f"ROCKET_{key.upper()}" for key in re.findall(r'"(\w+)"', known)} | {"ROCKET_PROFILE", "ROCKET_CONFIG"}


KNOWN = plain_variables() | rocket_variables()


class Settings(unittest.TestCase):
    def setUp(self):
        self.overlays = load()
        self.compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        self.example = yaml.safe_load((ROOT / "examples/nextjs/compose.yaml").read_text())["services"]

    def test_every_variable_is_a_setting(self):
        for overlay in self.overlays:
            self.assertLessEqual(overlay.settings().keys(), KNOWN)
            for workload in overlay.of("Deployment"):
                for container in containers(workload):
                    self.assertLessEqual({it["name"] for it in container["env"]}, KNOWN)
        for services in (self.compose, self.example):
            self.assertLessEqual(services["api"]["environment"].keys(), KNOWN)

    def test_one_variable_switches_the_example_to_the_built_in_authentication(self):
        text = str(self.example)
        self.assertEqual(set(re.findall(r"\$\{(\w+)", text)), {"BUILT_IN_AUTH", "BETTER_AUTH_SECRET"})
        for name in ("proxy", "web"):
            self.assertEqual(self.example[name]["environment"]["BUILT_IN_AUTH"], "${BUILT_IN_AUTH:-false}")
        api = self.example["api"]["environment"]
        self.assertIn("{enabled=${BUILT_IN_AUTH:-false},", api["ROCKET_ISSUER"])
        # A server that has the secret can forge the session cookie of every user of Better Auth.
        self.assertEqual(api["BETTER_AUTH_SECRET"], "${BUILT_IN_AUTH:+${BETTER_AUTH_SECRET}}")

    def test_no_variable_for_what_is_secret_is_in_a_config_map(self):
        for overlay in self.overlays:
            self.assertFalse({"DATABASE_URL", "MIGRATE_DATABASE_URL", "BETTER_AUTH_SECRET"} & overlay.settings().keys())

    def test_where_an_init_container_migrates_the_server_does_not(self):
        for overlay in self.overlays:
            first = pod(overlay.one("Deployment", "todo-api")).get("initContainers", [])
            self.assertLessEqual({it["name"] for it in first}, {"migrate"})
            self.assertEqual(overlay.settings().get("ROCKET_MIGRATE_ON_LAUNCH", "true"), "false" if first else "true")

    def test_only_the_migration_has_the_privileged_role(self):
        for overlay in self.overlays:
            for container in containers(overlay.one("Deployment", "todo-api")):
                has_role = "MIGRATE_DATABASE_URL" in {it["name"] for it in container["env"]}
                self.assertEqual(has_role, container["name"] == "migrate")

    def test_a_shutdown_ends_before_it_is_ended(self):
        # Nobody overrides it; whoever begins to has to say here what is true then.
        for overlay in self.overlays:
            self.assertNotIn("ROCKET_SHUTDOWN", overlay.settings())
        shutdown = ROCKET["shutdown"]
        longest = shutdown["drain"] + shutdown["grace"] + shutdown["mercy"] + FAREWELL
        for overlay in self.overlays:
            given = pod(overlay.one("Deployment", "todo-api"))["terminationGracePeriodSeconds"]
            self.assertGreaterEqual(given, longest + ROOM, overlay.name)
        for services in (self.compose, self.example):
            given = int(services["api"]["stop_grace_period"].removesuffix("s"))
            self.assertGreaterEqual(given, longest + ROOM)
        self.assertIn(f"= {longest} seconds", (ROOT / "k8s/base/deployment.yaml").read_text())
        self.assertIn(f"**{longest} seconds**", (ROOT / "docs/OPERATIONS.md").read_text())

    def test_a_probe_waits_longer_than_readiness_takes(self):
        source = (ROOT / "src/ops/readiness.rs").read_text()
        patience = int(re.search(r"CHECK_TIMEOUT: Duration = Duration::from_millis\((\d+)\)", source).group(1)) / 1000
        for overlay in self.overlays:
            server = overlay.server()
            self.assertGreater(server["readinessProbe"]["timeoutSeconds"], patience)

    def test_the_release_is_the_crates_version_everywhere(self):
        version = CARGO["package"]["version"]
        for overlay in self.overlays:
            for workload in overlay.of("Deployment"):
                with self.subTest(overlay=overlay.name, document=described(workload)):
                    for container in containers(workload):
                        self.assertEqual(container["image"], f"ghcr.io/todo-api/todo-api:{version}")
        self.assertEqual(self.compose["api"]["image"], f"ghcr.io/todo-api/todo-api:{version}")
        self.assertIn(f'org.opencontainers.image.version="{version}"', (ROOT / "Dockerfile").read_text())

    def test_the_same_postgresql_everywhere(self):
        for services in (self.compose, self.example):
            self.assertEqual(services["postgres"]["image"], "docker.io/library/postgres:17")
        for overlay in self.overlays:
            for workload in overlay.of("StatefulSet"):
                self.assertEqual(containers(workload)[0]["image"], self.compose["postgres"]["image"])

    def test_the_toolchain_of_the_image_is_the_crates(self):
        self.assertIn(f"FROM rust:{CARGO['package']['rust-version']}-slim-", (ROOT / "Dockerfile").read_text())
        self.assertIn(f'channel = "{CARGO["package"]["rust-version"]}.', (ROOT / "rust-toolchain.toml").read_text())
