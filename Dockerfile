# syntax=docker/dockerfile:1
# The bot: web, stream and worker are this image with another command or another environment.
#
#   docker build -t voicebot .
#   docker build -t voicebot-cuda --build-arg BASE_IMAGE=nvidia/cuda:12.9.1-runtime-ubuntu24.04 .
#
# BASE_IMAGE: Debian or Ubuntu with Python 3.11 or newer, or without any: then the distribution's is installed.
# For a GPU it must hold CUDA 12's cuBLAS, which CTranslate2 loads; the driver comes from the host.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM node:22-bookworm-slim AS pages
WORKDIR /console
COPY console/package.json console/package-lock.json ./
RUN npm ci --no-audit --no-fund

# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS python
# hadolint ignore=DL3008
RUN command -v python3 >/dev/null \
    || { apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates && rm -rf /var/lib/apt/lists/*; }

FROM python AS packages
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt -c constraints.txt

FROM python AS bot
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    XDG_CACHE_HOME=/var/lib/voicebot/cache \
    HF_HOME=/var/lib/voicebot/models
RUN useradd --uid 10001 --user-group --home-dir /var/lib/voicebot --create-home voicebot \
    && mkdir -p /app/data /config /var/lib/voicebot/models \
    && chown -R voicebot:voicebot /app/data /config /var/lib/voicebot
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=pages /console/node_modules console/node_modules
RUN python -m compileall -q .
USER 10001:10001
# What the rules learn from the shipped jambonz-app.json is learnt here, so that no start waits for it.
RUN flask understand </dev/null
VOLUME /var/lib/voicebot/models
EXPOSE 3000
# Alive, not ready: who loads, drains or has lost the database is left alone, and a balancer asks /readyz.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
# Running calls finish (DRAIN_SECONDS): give the container 20 s more than that to stop.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
