# One image for all of hpsearch's own services; docker-compose.yml says which command each runs.
ARG PYTHON=python:3.11.13-slim-bookworm@sha256:86adf8dbadc3d6e82ee5dd2c74bec2e1c2467cdad47886280501df722372d2e1

FROM $PYTHON AS build
WORKDIR /build
RUN python -m venv /opt/hpsearch
COPY requirements.lock .
RUN /opt/hpsearch/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY hpsearch hpsearch
COPY storage storage
COPY api api
RUN /opt/hpsearch/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM $PYTHON
RUN useradd --system --uid 10001 --create-home --home-dir /home/hpsearch hpsearch \
 && install -d -o hpsearch -g hpsearch /data
COPY --from=build /opt/hpsearch /opt/hpsearch
ENV PATH=/opt/hpsearch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HPSEARCH_DATA_DIR=/data
USER hpsearch
WORKDIR /home/hpsearch
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.title=hpsearch \
      org.opencontainers.image.description="Hyperparameter search for small NumPy convolutional networks" \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.authors="The hpsearch authors" \
      org.opencontainers.image.licenses=MIT
# The server's; the other services of docker-compose.yml have checks of their own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
# It refuses to start until there is a token: hpsearch token create NAME --scope admin
CMD ["hpsearch", "serve", "--host", "0.0.0.0"]
