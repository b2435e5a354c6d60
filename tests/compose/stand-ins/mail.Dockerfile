# Stands in for axllent/mailpit:v1.30.5: its program by name, its ports, and as much of its API as is used.
FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/mail \
    && /opt/mail/bin/pip install --no-cache-dir aiosmtpd==1.4.6
COPY --chmod=755 mailpit /mailpit
ENTRYPOINT ["/mailpit"]
