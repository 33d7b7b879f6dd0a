"""The stand-in Hub: those HTTP endpoints that huggingface_hub, datasets and transformers call.

Two ports on 127.0.0.1: the Hub itself, and the storage host to which it sends those who want a
file in LFS.
"""

from __future__ import annotations

import os
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from .handler import Handler, Request


class StandInHub:
    """Serves the repositories below a folder while the context is open.

    Attributes:
        root: holds ``datasets/{namespace}/{name}`` and ``models/{namespace}/{name}``.
        requests: all requests so far, in the order in which they came.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.requests: list[Request] = []
        self._hub = _Server(self, "hub")
        self._storage = _Server(self, "storage")

    def __enter__(self) -> StandInHub:
        for server in (self._hub, self._storage):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._hub, self._storage):
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        """The value for HF_ENDPOINT."""
        return self._hub.address

    @property
    def storage(self) -> str:
        """Where files in LFS are fetched."""
        return self._storage.address

    def environment(self, home: Path | None = None, **more: str) -> dict[str, str]:
        """A whole environment for a subprocess that shall see this Hub and no other host.

        The proxy settings lead every request to another host here, where it is written down as
        ``elsewhere`` and refused.

        Args:
            home: HF_HOME, caches included; by default ``hf_home`` beside the root.
            more: further variables, such as ``HF_HUB_OFFLINE="1"``.
        """
        home = Path(home or self.root.parent / "hf_home")
        kept = {name: value for name, value in os.environ.items() if not _is_about_hubs(name)}
        proxies = ("http_proxy", "https_proxy", "all_proxy")
        return {
            **kept,
            **{name: self.endpoint for proxy in proxies for name in (proxy, proxy.upper())},
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_DATASETS_CACHE": str(home / "datasets"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            **more,
        }

    def elsewhere(self) -> list[Request]:
        """Requests to hosts other than this one."""
        return [request for request in self.requests if request.host == "elsewhere"]

    def sent_bytes(self, path_part: str) -> int:
        """Bytes sent of the files whose path in the request holds this text."""
        return sum(r.sent_bytes for r in self.requests if path_part in r.path)


def _is_about_hubs(name: str) -> bool:
    starts = ("HF_", "HUGGINGFACE", "HUGGING_FACE", "TRANSFORMERS_")
    return name.startswith(starts) or name.lower().endswith("_proxy")


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: StandInHub, host: str) -> None:
        self.hub, self.host = hub, host
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle of a stream is no trouble."""
