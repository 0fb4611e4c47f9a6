# The library alone: process 1 stays the program itself.
ARG BASE=debian:bookworm-slim
FROM $BASE
COPY forkproof_*.deb /tmp/
RUN apt-get update && apt-get install --yes --no-install-recommends /tmp/forkproof_*.deb && rm /tmp/forkproof_*.deb
COPY legacyd /usr/sbin/
ENV LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libforkproof.so
CMD ["legacyd"]
