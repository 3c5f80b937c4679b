# The mock server: docker build -t mock-server . && docker run -p 8080:8080 mock-server --api-key test
# With scenarios: docker run -p 8080:8080 -v "$PWD/scenarios:/scenarios:ro" mock-server --scenarios /scenarios
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY llm_sdk llm_sdk
COPY mock_server mock_server
COPY conformance conformance
COPY cassettes cassettes
RUN python -m venv /opt/mock-server && /opt/mock-server/bin/pip install --no-cache-dir ".[redis]"

FROM python:3.11-slim
COPY --from=build /opt/mock-server /opt/mock-server
RUN useradd --system --no-create-home mock
USER mock
EXPOSE 8080
# Whatever proxy the container is told of, this machine is not behind it.
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s \
    CMD ["/opt/mock-server/bin/python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8080/_mock/ready')"]
STOPSIGNAL SIGTERM
# In a container every address is the container's own; what is let in is decided where its port is published.
ENTRYPOINT ["/opt/mock-server/bin/mock-server", "serve", "--host", "0.0.0.0", "--port", "8080", "--allow-anyone"]
