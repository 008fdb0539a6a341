#!/usr/bin/env python3
"""The charm: nginx as a cache in front of an origin."""

import subprocess
from pathlib import Path

import ops

CACHE = Path("/var/cache/nginx/content-cache")
SITE = Path("/etc/nginx/conf.d/content-cache.conf")
TOKEN = Path("/etc/nginx/upload-token")


class ContentCache(ops.CharmBase):
    """Installs nginx, writes its site, purges copies."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.install, self._on_install)
        framework.observe(self.on.config_changed, self._on_config_changed)
        framework.observe(self.on.purge_action, self._on_purge)
        framework.observe(self.on.set_upload_token_action, self._on_set_upload_token)

    def _on_install(self, _: ops.InstallEvent) -> None:
        self.unit.status = ops.MaintenanceStatus("installing nginx")
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "nginx"], check=True)

    def _on_config_changed(self, _: ops.ConfigChangedEvent) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        SITE.write_text(
            f"proxy_cache_path {CACHE} keys_zone=copies:10m max_size={self.config['size-gb']}g;\n"
            f"server {{ location / {{ proxy_pass {self.config['origin']}; proxy_cache copies; }} }}\n"
        )
        subprocess.run(["systemctl", "reload", "nginx"], check=True)
        self.unit.status = ops.ActiveStatus("ready")

    def _on_purge(self, event: ops.ActionEvent) -> None:
        copies = [path for path in CACHE.glob(event.params["pattern"].lstrip("/")) if path.is_file()]
        if not event.params["dry-run"]:
            for path in copies:
                path.unlink()
        event.set_results({"copies": len(copies)})

    def _on_set_upload_token(self, event: ops.ActionEvent) -> None:
        TOKEN.touch(mode=0o600)
        TOKEN.write_text(event.params["token"])


if __name__ == "__main__":
    ops.main(ContentCache)
