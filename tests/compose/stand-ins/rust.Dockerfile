# Stands in for rust:1.95-slim-bookworm: a compiler, a linker, and this machine's toolchain, which is the build context.
FROM debian:bookworm-slim
ENV CARGO_HOME=/usr/local/cargo \
    PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY bin /usr/local/bin/
COPY lib /usr/local/lib/
