"""How gunicorn serves the bot: one process with a thread a call, and a stop that lets calls finish."""

import os
import resource
import sys
import threading
import time

import dotenv
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

dotenv.load_dotenv(".env")

from calls import allocator  # noqa: E402 - the environment must be complete first
from calls.errors import BotError  # noqa: E402
from calls.settings import Environment, load  # noqa: E402

try:
    environment = Environment.read(os.environ)
    settings = load(environment.bot_config)
except BotError as error:
    sys.exit(f"the bot can't start:\n{error}")

if environment.allow_unsigned and not environment.webhook_secrets:
    print("!! ALLOW_UNSIGNED=1: everybody who reaches this port can pose as Jambonz. For development only.", file=sys.stderr, flush=True)

# Arenas of memory for all threads to share. An idle bot takes 251 MB with four, 247 with two, and a hundred calls 0.65 cores with either,
# since their threads take several frames at a time.
allocator.share_arenas(2)


def allow_files(count):
    """A call holds three, and many systems allow a process 1024 unless it asks for more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


allow_files(4 * environment.threads + 2000)

bind = f"{environment.host}:{environment.port}"
workers = 1  # the model is loaded once a process, and a call's socket stays with its process
threads = environment.threads
worker_connections = threads + 1000  # hooks' connections are kept beside the sockets of all calls
timeout = 60
keepalive = 75  # Jambonz keeps its connections for its hooks
graceful_timeout = environment.notice_s + environment.drain_s + 10
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = "voicebot"


class DrainingWorker(ThreadWorker):
    """On SIGTERM the process says that it leaves, and still takes calls for as long as its proxy needs to notice. Then new calls go to
    a human while those that are there, and their hooks, are still served."""

    def handle_exit(self, sig, frame):
        bot = self.wsgi.extensions["bot"]
        bot.give_notice()
        threading.Thread(target=self._leave_when_empty, args=(bot, sig, frame), daemon=True).start()

    def _leave_when_empty(self, bot, sig, frame):
        time.sleep(environment.notice_s)
        bot.drain()
        had_calls, give_up_at = bot.active_calls > 0, time.monotonic() + environment.drain_s
        while bot.active_calls and time.monotonic() < give_up_at:
            time.sleep(0.1)
        time.sleep(2.0 if had_calls else 0.5)  # hooks follow a socket's end within 65 ms (recordings 09), but not on a busy machine
        super().handle_exit(sig, frame)


worker_class = DrainingWorker


def here(listeners):
    """The address on this machine."""
    host = "127.0.0.1" if environment.host == "0.0.0.0" else environment.host  # noqa: S104
    return f"http://{host}:{listeners[0].getsockname()[1]}"


def post_fork(server, worker):
    """What the worker process loads from here on stays, until bot.start() has all."""
    allocator.load()


def introduce(local):
    """Say what to enter in Jambonz, where people find their pages, and what is missing."""
    from calls.operator import not_configured
    from console.assets import pages_lack

    base = environment.public_url.rstrip("/") or local
    print(
        f"\nThe bot listens on {local} (at most {environment.max_calls} calls at once).\n\n"
        "In Jambonz: Applications > Add application:\n"
        f"  Calling webhook       POST  {base}/voice\n"
        f"  Call status webhook   POST  {base}/status\n"
        f"  (whether it is ready: {base}/readyz)\n\n"
        "In a browser:\n"
        f"  try the bot           {local}/phone\n"
        f"  the agents' desk      {base}/desk\n",
        flush=True,
    )
    for line in [*not_configured(environment), *pages_lack()]:
        print(f"  not configured: {line}", flush=True)


def post_worker_init(worker):
    """The engines load; and as long as nobody has an account, here is the way to the first one."""
    from console.setup import setup_link

    bot, local = worker.wsgi.extensions["bot"], here(worker.sockets)
    try:
        bot.start()
        link = setup_link(bot, environment.public_url or local)
    except BotError as error:
        print(f"the bot can't start:\n{error}", file=sys.stderr, flush=True)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)
    introduce(local)
    if link:
        print(f"  nobody has an account yet: make the first admin's at {link} (within an hour)\n", flush=True)
