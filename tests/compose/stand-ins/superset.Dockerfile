# Stands in for apache/superset:6.1.0: the same paths, user and tools, and Superset from PyPI without a driver.
FROM debian:bookworm-slim
# SSL_CERT_FILE: else uv trusts its own authorities only.
ENV PATH=/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/app/superset_home \
    PYTHONPATH=/app/pythonpath \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    SUPERSET_ENV=production \
    SUPERSET_HOME=/app/superset_home \
    SUPERSET_PORT=8088
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir uv==0.13.9 \
    && ln -s /opt/uv/bin/uv /usr/local/bin/uv
COPY requirements.txt /app/
RUN grep --invert-match '^psycopg2-binary==' /app/requirements.txt >/app/requirements-without-driver.txt \
    && uv venv /app/.venv \
    && uv pip install --no-cache --python /app/.venv/bin/python --requirement /app/requirements-without-driver.txt
# Which version the image has was not to be found out: the oldest that Superset allows stands for all of them.
RUN uv pip install --no-cache --python /app/.venv/bin/python gunicorn==22.0.0 \
    && useradd --user-group --home-dir /app/superset_home --create-home --no-log-init superset
WORKDIR /app
# hadolint ignore=DL3066
USER superset
