# modeltrial alone, as a program that needs nothing else:
#
#   docker build -t modeltrial .
#   docker run --rm -v "$PWD:/workspace" modeltrial audit report
#
# compose.yaml runs several of it beside a database. A protocol whose checks run commands
# needs an image with what they call: build one FROM this.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /modeltrial ./cmd/modeltrial

FROM alpine:3
# Certificates of the providers' endpoints; wget for health checks comes with the image.
RUN apk add --no-cache ca-certificates && adduser -D -u 10001 modeltrial
COPY --from=build /modeltrial /usr/local/bin/modeltrial
# The workspace: modeltrial.yaml, and the database where it is a file. Mount a folder that
# user 10001 may write.
WORKDIR /workspace
USER modeltrial
# SIGTERM, which Docker sends, lets calls under way end and be stored.
STOPSIGNAL SIGTERM
ENTRYPOINT ["modeltrial"]
