"""Programs and paths that the benchmark needs."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = ROOT / "benches/peers"
BUILT_PEERS = TARGET / "peers"
PYTHON_PEERS = ["fastapi", "fastapi-sqlmodel"]


def run(*command, **options):
    """Runs a command and returns its output. Raises an error if the command fails."""
    return subprocess.run([str(it) for it in command], check=True, text=True, capture_output=True, **options).stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def install():
    subprocess.run([ROOT / "scripts/install", "postgresql"], check=True)
    if not shutil.which("wrk"):
        print("wrk is missing; installing it with the package manager", file=sys.stderr)
        sudo = [] if os.getuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL)


def build_server():
    """Builds this server and returns the path of its binary."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--target-dir", TARGET], cwd=ROOT, check=True)
    return TARGET / "release/todo-api"


def build_peers():
    subprocess.run(["cargo", "build", "--release", "--locked", "--target-dir", BUILT_PEERS], cwd=PEERS / "axum", check=True)
    subprocess.run(["rustc", "-O", PEERS / "relay.rs", "-o", BUILT_PEERS / "relay"], cwd=ROOT, check=True)
    for peer in PYTHON_PEERS:
        venv = BUILT_PEERS / peer
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin/pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", PEERS / peer / "requirements.txt"], check=True)
