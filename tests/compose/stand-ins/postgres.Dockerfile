# Stands in for postgres:17-trixie: Debian's Postgres 17, and as much of the image's entrypoint as compose.yaml relies on.
FROM debian:trixie-slim
ENV PGDATA=/var/lib/postgresql/data \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-common \
    && sed -i 's/#create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
    && apt-get install --yes --no-install-recommends postgresql-17 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=postgres --mode=0700 "$PGDATA"
COPY --chmod=755 postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
# Databases are in UTF-8, as those of the image.
ENV LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
STOPSIGNAL SIGINT
