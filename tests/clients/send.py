"""Sends numbered messages by a client of PyPI: send.py CLIENT HOST PORT COUNT"""

import json
import sys


def elasticsearch(host, port, messages):
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(f"http://{host}:{port}")
    documents = ({"_index": "logs", "message": message} for message in messages)
    stored, failed = helpers.bulk(client, documents, chunk_size=100)
    assert (stored, failed) == (len(messages), []), (stored, failed)


def pylogbeat(host, port, messages):
    from pylogbeat import PyLogBeatClient

    client = PyLogBeatClient(host, port, ssl_enable=False)
    client.connect()
    for start in range(0, len(messages), 100):
        window = messages[start : start + 100]
        client.send([json.dumps({"message": message}) for message in window])
    client.close()


def fluent_logger(host, port, messages):
    from fluent import sender

    client = sender.FluentSender("app", host=host, port=port, nanosecond_precision=True)
    for message in messages:
        assert client.emit("log", {"message": message}), client.last_error
    client.close()


def otlp(exporter, messages):
    import logging

    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.getLogger("numbers")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for message in messages:
        logger.info(message)
    provider.shutdown()


def otlp_grpc(host, port, messages):
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

    otlp(OTLPLogExporter(endpoint=f"{host}:{port}", insecure=True), messages)


def otlp_http(host, port, messages):
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    otlp(OTLPLogExporter(endpoint=f"http://{host}:{port}/v1/logs"), messages)


CLIENTS = {
    "elasticsearch": elasticsearch,
    "pylogbeat": pylogbeat,
    "fluent-logger": fluent_logger,
    "otlp-grpc": otlp_grpc,
    "otlp-http": otlp_http,
}

if __name__ == "__main__":
    name, host, port, count = sys.argv[1:]
    numbered = [f"number-{number} of many" for number in range(int(count))]
    CLIENTS[name](host, int(port), numbered)
