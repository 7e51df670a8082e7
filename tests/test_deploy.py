"""What stands in deploy/, docker-compose.yml and Dockerfile is held against the bot: its variables, its figures, its way of stopping."""

from __future__ import annotations

import base64
import fnmatch
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from calls import metrics
from calls.agents import Presence
from calls.settings import Environment
from calls.signature import HEADER, sign
from calls.tokens import agent_key, audio_password
from records.database import open_database
from records.presence import Presences
from simulator.bot_process import BotProcess, free_port
from tests.bots import SUBPROTOCOL, new_call, preamble

ROOT = Path(__file__).parent.parent
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
VARIABLES = {str(field.alias) for field in Environment.model_fields.values()}
NOT_OURS = {"GUNICORN_CMD_ARGS", "PGPASSWORD"}  # gunicorn and PostgreSQL's client read these
GIVEN = {"PUBLIC_URL": "https://bot.example.com", "JAMBONZ_WEBHOOK_SECRET": "secret", "POSTGRES_PASSWORD": "password"}
LEAVING_S = 20  # beyond DRAIN_SECONDS: gunicorn gives its worker 10, and leaves then
BOTS = ("web", "stream", "stream-2", "worker")


class Overlay(yaml.SafeLoader):
    """YAML with Compose's own tag for what is to be taken away."""


Overlay.add_constructor("!reset", lambda loader, node: "reset")


def filled(value: Any) -> Any:
    """As Compose puts variables in; what is asked for and not given is an error."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", blank, value) if isinstance(value, str) else value


def blank(found: re.Match[str]) -> str:
    name, mark, default = found.groups()
    if mark == ":?" and name not in GIVEN:
        raise KeyError(name)
    return str(GIVEN.get(name, default if mark == ":-" else ""))


def services() -> dict[str, Any]:
    return dict(filled(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))["services"])


def seconds(period: str) -> int:
    return int(period.removesuffix("s"))


# -- Compose ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", BOTS)
def test_compose_gives_a_process_an_environment_that_fits(name: str) -> None:
    given = services()[name]["environment"]
    assert set(given) <= VARIABLES | NOT_OURS
    environment = Environment.read({key: str(value) for key, value in given.items()})
    assert environment.webhook_secrets  # without it each process would make one of its own, and refuse what another signed
    assert environment.public_url
    assert environment.redis_url.get_secret_value()


@pytest.mark.parametrize("name", ["web", "stream", "stream-2"])
def test_compose_lets_calls_finish(name: str) -> None:
    service = services()[name]
    environment = service["environment"]
    assert seconds(service["stop_grace_period"]) >= int(environment["NOTICE_SECONDS"]) + int(environment["DRAIN_SECONDS"]) + LEAVING_S
    assert service["stop_signal"] == "SIGTERM"
    assert service["depends_on"]["proxy"]  # which therefore stops after it: the hooks of calls that end still come in


def test_compose_publishes_the_proxy_alone() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"proxy"}  # a PROXY line from anybody else would be believed


def test_compose_reserves_a_gpu_of_its_own_for_each_stream_process() -> None:
    def gpus(name: str) -> list[str]:
        reserved = services()[name].get("deploy", {}).get("resources", {}).get("reservations", {}).get("devices", [])
        return [gpu for device in reserved for gpu in device["device_ids"]]

    assert [gpus(name) for name in BOTS] == [[], ["0"], ["1"], []]
    assert services()["stream-2"]["networks"]["default"]["aliases"] == ["stream"]  # the name that the proxy looks up


def test_compose_without_a_gpu_changes_services_that_exist() -> None:
    laid_over = yaml.load((ROOT / "deploy" / "compose.cpu.yml").read_text(), Overlay)["services"]  # noqa: S506 - a SafeLoader
    assert set(laid_over) <= set(services())
    assert laid_over["stream"]["deploy"] == "reset"
    assert laid_over["stream"]["environment"]["WHISPER_DEVICE"] == "cpu"


def test_compose_with_one_model_for_all_leads_the_calls_to_it() -> None:
    stt, stream = services()["stt"], yaml.load((ROOT / "deploy" / "compose.one-model.yml").read_text(), Overlay)["services"]["stream"]  # noqa: S506
    environment = Environment.read(
        {key: str(value) for key, value in (services()["stream"]["environment"] | filled(stream["environment"])).items()}
    )
    own = Environment.read({key: str(value) for key, value in stt["environment"].items()})
    assert environment.stt_url == f"http://stt:{own.stt_port}/v1"
    assert (environment.stt_key, environment.whisper_device, stream["deploy"]) == (own.stt_key, "cpu", "reset")
    assert (stt["command"], stt["environment"]["PORT"]) == (["python", "stt.py"], str(own.stt_port))  # whom the health check asks
    assert set(stt["environment"]) | set(stream["environment"]) <= VARIABLES


def test_compose_mounts_folders() -> None:
    """A file that is mounted alone does not follow an editor, or the desk, that replaces it."""
    mounted = [each.split(":")[0] for service in services().values() for each in service.get("volumes", ())]
    assert all(not Path(place).suffix for place in mounted)


def test_all_that_compose_asks_for_is_documented() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    told = (ROOT / "deploy" / "compose.env.example").read_text() + (ROOT / ".env.example").read_text()
    assert asked <= set(re.findall(r"^([A-Z_]+)=", told, re.MULTILINE))


# -- Kubernetes -------------------------------------------------------------------------
def manifests() -> list[dict[str, Any]]:
    return [each for path in KUBERNETES for each in yaml.safe_load_all(path.read_text())]


def of_kind(kind: str, name: str) -> dict[str, Any]:
    return next(each for each in manifests() if each["kind"] == kind and each["metadata"]["name"] == name)


@pytest.mark.parametrize("manifest", manifests(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_would_take_it(manifest: dict[str, Any]) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for version in ("1.28", "1.32"):
        schemas.validate(manifest, version, strict=True)


def test_kubernetes_gives_variables_that_exist() -> None:
    assert set(of_kind("ConfigMap", "environment")["data"]) <= VARIABLES | NOT_OURS
    for kind, name in (("Deployment", "web"), ("Deployment", "stream"), ("StatefulSet", "worker")):
        container = of_kind(kind, name)["spec"]["template"]["spec"]["containers"][0]
        assert {each["name"] for each in container["env"]} <= VARIABLES


@pytest.mark.parametrize("name", ["web", "stream"])
def test_kubernetes_lets_calls_finish(name: str) -> None:
    pod = of_kind("Deployment", name)["spec"]["template"]["spec"]
    environment = of_kind("ConfigMap", "environment")["data"]
    leaving_s = int(environment["NOTICE_SECONDS"]) + int(environment["DRAIN_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] >= leaving_s + LEAVING_S


@pytest.mark.parametrize("name", ["web", "stream"])
def test_kubernetes_asks_readiness_and_liveness_apart(name: str) -> None:
    container = of_kind("Deployment", name)["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    service = of_kind("Service", name)["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert of_kind("PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1


def test_kubernetes_scales_by_a_figure_that_exists() -> None:
    scaler = of_kind("HorizontalPodAutoscaler", "stream")["spec"]
    assert scaler["metrics"][0]["pods"]["metric"]["name"] == next(iter(metrics.CALLS_ACTIVE.describe())).name


def test_a_worker_is_called_after_its_pod() -> None:
    container = of_kind("StatefulSet", "worker")["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "WORKER_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]


# -- the image --------------------------------------------------------------------------
def left_out(path: str) -> bool:
    """Whether Docker leaves it out of the build."""
    patterns = [line for line in (ROOT / "Dockerfile.dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    heads = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 2)]
    return any(covers(pattern, head) for pattern in patterns for head in heads)


def covers(pattern: str, path: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rpartition("/")[2], pattern.removeprefix("**/"))
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)


def test_the_image_holds_what_the_processes_import_and_nothing_secret() -> None:
    loaded = "import json, sys, wsgi, worker; print(json.dumps([m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)]))"
    said = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ours = [Path(file).relative_to(ROOT).as_posix() for file in json.loads(said) if Path(file).is_relative_to(ROOT)]
    needed = [file for file in ours if not file.startswith(".venv/")]
    assert len(needed) > 100
    assert [file for file in [*needed, "gunicorn.conf.py", "jambonz-app.json", "console/package-lock.json"] if left_out(file)] == []
    assert left_out("models/tinywhisper-helpdesk/model.bin") is False
    assert all(left_out(file) for file in (".env", "deploy/.env", "data/tls/voicebot.pem", ".git/config", ".venv/bin/python"))


def test_the_dockerfile_is_clean() -> None:
    if not (hadolint := shutil.which("hadolint")):
        pytest.skip("hadolint is not installed")
    found = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_images_health_check_tells_a_living_bot_from_none(bot: BotProcess) -> None:
    check = re.search(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert check
    _, *arguments = json.loads(check[1])
    for port, fails in ((bot.port, False), (free_port(), True)):
        run = subprocess.run([sys.executable, *arguments], env={"PORT": str(port)}, capture_output=True, check=False, timeout=20)
        assert bool(run.returncode) is fails


# -- the proxy --------------------------------------------------------------------------
PROXY = ROOT / "deploy" / "proxy" / "haproxy.cfg"
SECRET = "of the whole house"
BY_NAME = "    default-server resolvers names resolve-prefer ipv4 init-addr none\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the proxy wants it; skips where HAProxy or OpenSSL is missing."""
    for program in ("haproxy", "openssl"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("tls")
    made = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"), "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(["openssl", "req", "-x509", *curve, "-nodes", "-days", "2", "-subj", "/CN=bot", *made], check=True, capture_output=True)
    return folder


def test_haproxy_takes_its_configuration(certificates: Path) -> None:
    told = subprocess.run(
        ["haproxy", "-c", "-f", str(PROXY)], env={**os.environ, "TLS": str(certificates)}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "WARNING" not in told.stderr


class Proxy:
    """HAProxy with the shipped configuration, but that it is told where the processes are instead of asking a name server."""

    def __init__(self, certificates: Path, folder: Path, groups: dict[str, list[BotProcess]]) -> None:
        self.groups, self._folder = groups, folder
        self.tls = ssl.create_default_context(cafile=str(certificates / "tls.crt"))
        self._ports = {name: str(free_port()) for name in ("HTTPS_PORT", "HTTP_PORT", "FIGURES_PORT")}
        self._environ = {**os.environ, **self._ports, "TLS": str(certificates)}
        self.url = f"https://127.0.0.1:{self._ports['HTTPS_PORT']}"
        self.plain_url = f"http://127.0.0.1:{self._ports['HTTP_PORT']}"
        self.client = httpx.Client(verify=self.tls, timeout=20)

    def __enter__(self) -> Proxy:
        text = re.sub(r" {4}server-template (\w+) \S+ \S+(.*)", self._servers, PROXY.read_text().replace(BY_NAME, ""))
        file = self._folder / "haproxy.cfg"
        file.write_text(text)
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(["haproxy", "-db", "-f", str(file)], env=self._environ, stdout=log, stderr=log)
        try:
            wait_for(lambda: len(self.up("alive")) == len(self.up("web")) == sum(map(len, self.groups.values())), within_s=40)
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self.client.close()

    def _servers(self, found: re.Match[str]) -> str:
        group = self.groups[found[1]]
        return "\n".join(f"    server {found[1]}{number} 127.0.0.1:{bot.port}{found[2]}" for number, bot in enumerate(group, 1))

    def up(self, backend: str) -> list[str]:
        """The servers of a backend that are sent new requests, as the proxy's own figures say."""
        try:
            figures = httpx.get(f"http://127.0.0.1:{self._ports['FIGURES_PORT']}/metrics").text
        except httpx.HTTPError:
            return []
        return re.findall(rf'^haproxy_server_status{{proxy="{backend}",server="(\w+)",state="UP"}} 1$', figures, re.MULTILINE)

    def hook(self, path: str, body: dict[str, Any]) -> list[str]:
        """The verbs that it is answered with."""
        raw = json.dumps(body).encode()
        answer = self.client.post(self.url + path, content=raw, headers={HEADER: sign(raw, SECRET, now=time.time())})
        assert answer.status_code == 200, answer.text
        return [str(verb["verb"]) for verb in answer.json()]

    def socket(self, path: str, headers: dict[str, str] | None = None) -> ClientConnection:
        address = self.url.replace("http", "ws", 1) + path
        offered = [Subprotocol(SUBPROTOCOL)]
        manner: dict[str, Any] = {"subprotocols": offered, "compression": None, "close_timeout": 0.5, "legacy": True}
        opened: ClientConnection = connect(address, additional_headers=headers, ssl=self.tls, **manner)
        return opened

    def caller(self, sid: str, **more: Any) -> ClientConnection:
        """A call's sound, as Jambonz opens it, when the first of ours has come."""
        basic = base64.b64encode(f"{sid}:{audio_password(SECRET, sid)}".encode()).decode()
        socket = self.socket("/audio", {"Authorization": f"Basic {basic}"})
        socket.send(preamble(sid, **more))
        assert isinstance(socket.recv(timeout=10), bytes)
        return socket

    def agent(self, sid: str, agent: str) -> dict[str, Any]:
        """What an agent's page is told when it takes the call."""
        with self.socket(f"/audio/agent/{sid}?key={agent_key(SECRET, sid, agent)}") as page:
            page.send(preamble(sid))
            while not isinstance(told := page.recv(timeout=10), str):
                pass
            return dict(json.loads(told))

    def calls(self, group: str) -> list[int]:
        """How many each process of the group holds."""
        return [int(httpx.get(f"{bot.url}/readyz").json()["calls"]) for bot in self.groups[group]]


def wait_for(happens: Any, within_s: float = 10.0) -> None:
    give_up_at = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def proxy(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """In front of one web and two stream processes on one database."""
    folder = tmp_path_factory.mktemp("proxy")
    environ = {
        "DATABASE_URL": f"sqlite:///{folder}/voicebot.db",
        "JAMBONZ_WEBHOOK_SECRET": SECRET,
        "GUNICORN_CMD_ARGS": str(services()["web"]["environment"]["GUNICORN_CMD_ARGS"]),
        "DRAIN_SECONDS": "20",
    }
    bots = [BotProcess(environ, grace_s=3) for _ in range(3)]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for each in pool.map(BotProcess.__enter__, bots):
            stack.push(each)
        yield stack.enter_context(Proxy(certificates, folder, {"web": bots[:1], "stream": bots[1:]}))
        for each in bots:  # all at once, as each takes a moment
            os.kill(each.pid, signal.SIGTERM)


def ring(proxy: Proxy, agent: str) -> tuple[str, ClientConnection]:
    """A call that the bot has had, and that waits for an agent's page now: who it is, and its sound."""
    sid = str(uuid.uuid4())
    assert proxy.hook("/voice", new_call(sid)) == ["say", "stream", "redirect"]
    proxy.caller(sid).close()
    present(proxy, agent)
    assert proxy.hook("/escalate", new_call(sid, call_status="in-progress"))[0] == "stream"
    return sid, proxy.caller(sid, after="bridge")


def present(proxy: Proxy, agent: str) -> None:
    """As if the agent's desk was open, and he did nothing else."""
    database = open_database(proxy.groups["web"][0].environ()["DATABASE_URL"])
    now = datetime.now(UTC)
    Presences(database).set(agent, Presence.AVAILABLE, now=now)
    Presences(database).seen(agent, now=now)
    database.dispose()


def test_the_proxy_gives_the_calls_to_the_stream_processes_and_evenly(proxy: Proxy) -> None:
    with ExitStack() as calls:
        for _ in range(4):
            sid = str(uuid.uuid4())
            assert proxy.hook("/voice", new_call(sid)) == ["say", "stream", "redirect"]
            calls.enter_context(proxy.caller(sid))
        assert (proxy.calls("stream"), proxy.calls("web")) == ([2, 2], [0])
    wait_for(lambda: proxy.calls("stream") == [0, 0])


def test_the_proxy_shows_pages_and_keeps_figures_to_itself(proxy: Proxy) -> None:
    assert proxy.client.get(f"{proxy.url}/login").status_code == 200
    assert proxy.client.get(f"{proxy.url}/metrics").status_code == 404
    assert proxy.client.get(f"{proxy.plain_url}/desk").headers["location"].startswith("https://")


def test_the_proxy_tells_who_asks_for_a_page(proxy: Proxy) -> None:
    """Tries of a password are counted by address: behind a proxy that hides it, one guesser would lock everybody out."""
    for address in ("127.0.0.2", "127.0.0.3"):
        with httpx.Client(transport=httpx.HTTPTransport(verify=proxy.tls, local_address=address)) as visitor:
            form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get(f"{proxy.url}/login").text)
            sent = {"csrf_token": form[1] if form else "", "login": address, "password": "guessed"}
            told = [{"Referer": f"{proxy.url}/login", "X-Forwarded-For": f"192.0.2.{number}"} for number in range(6)]
            tries = [visitor.post(f"{proxy.url}/login", data=sent, headers=headers) for headers in told]
            assert [each.status_code for each in tries] == [401] * 5 + [429]


def test_a_process_that_stops_ends_its_calls_and_agents_still_reach_them(proxy: Proxy) -> None:
    (first, its_sound), (second, sound) = ring(proxy, "asha"), ring(proxy, "ravi")
    with its_sound, sound:
        assert proxy.calls("stream") == [1, 1]
        os.kill(proxy.groups["stream"][0].pid, signal.SIGTERM)
        wait_for(lambda: "stream1" not in [*proxy.up("audio"), *proxy.up("calls")])
        assert [proxy.hook("/voice", new_call()) for _ in range(4)] == [["say", "stream", "redirect"]] * 4
        assert [proxy.agent(first, "asha")["type"], proxy.agent(second, "ravi")["type"]] == ["joined", "joined"]


def test_hooks_are_answered_as_long_as_any_process_lives(proxy: Proxy) -> None:
    leaving = proxy.groups["web"][0]
    os.kill(leaving.pid, signal.SIGTERM)
    for _ in range(20):
        assert proxy.hook("/escalate", new_call(call_status="in-progress"))
        time.sleep(0.1)
    assert "web1" not in proxy.up("web")
