# Stands in for localstack/localstack:4.14.0: the same Debian, Python and paths, and LocalStack from PyPI.
FROM debian:trixie-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl iproute2 iputils-ping procps python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/code/localstack
COPY localstack-requirements.txt ./
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --requirement localstack-requirements.txt \
    && mkdir -p /var/lib/localstack /usr/lib/localstack /tmp/localstack \
    && touch /tmp/localstack/.marker /usr/lib/localstack/.community-version
COPY --chmod=755 localstack-entrypoint /usr/local/bin/docker-entrypoint.sh
# Catalogued beforehand, as in the image.
RUN .venv/bin/python -m localstack.aws.spec
ENV USER=localstack PYTHONUNBUFFERED=1
VOLUME /var/lib/localstack
ENTRYPOINT ["docker-entrypoint.sh"]
