# Stands in for quay.io/jupyter/scipy-notebook:2026-09-01: its user, paths and scripts, and JupyterLab from PyPI.
FROM debian:bookworm-slim
ENV CONDA_DIR=/opt/conda \
    NB_USER=jovyan \
    HOME=/home/jovyan \
    PATH=/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl python3 python3-venv tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --no-log-init --create-home --uid 1000 --gid users --shell /bin/bash jovyan \
    && install --directory --owner=jovyan --group=users /opt/conda /home/jovyan/work
RUN printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/start.sh \
    && printf '#!/bin/sh\nexec jupyter lab --ServerApp.ip= "$@"\n' >/usr/local/bin/start-notebook.py \
    && printf '#!/bin/sh\n' >/usr/local/bin/fix-permissions \
    && install --directory /etc/jupyter \
    && printf '#!/bin/sh\nexec curl -fsS http://127.0.0.1:8888/api\n' >/etc/jupyter/docker_healthcheck.py \
    && chmod 755 /usr/local/bin/start.sh /usr/local/bin/start-notebook.py /usr/local/bin/fix-permissions \
        /etc/jupyter/docker_healthcheck.py
# hadolint ignore=DL3066
USER 1000
RUN python3 -m venv /opt/conda \
    && pip install --no-cache-dir jupyterlab==4.6.3 matplotlib==3.11.2 pandas==3.1.1 seaborn==0.13.2 sqlalchemy==2.1.9
WORKDIR /home/jovyan
ENTRYPOINT ["tini", "-g", "--", "start.sh"]
CMD ["start-notebook.py"]
