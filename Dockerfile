# The same two commands in a container:
#   docker build -t reproduce . && docker run --rm -v "$PWD/build:/project/build" reproduce make book
FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make chromium \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /project
COPY . .
RUN make .venv/.installed
CMD ["make", "book"]
