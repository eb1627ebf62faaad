"""Where a file lies: on a disk of this machine, or on one that is reached over a network."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["MOUNTS", "network_drive"]

MOUNTS = Path("/proc/self/mountinfo")

# Kinds of file systems whose other end is elsewhere. FUSE says only who serves it; those that serve a local disk
# (`fuseblk`, `fuse.ntfs`, `fuse.overlayfs`) are not here.
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|smbfs|ncpfs|afs|9p|ceph|glusterfs|lustre|beegfs|gpfs|pvfs2|orangefs|davfs\d?|vboxsf|vmhgfs|prl_fs"
    r"|fuse\.(sshfs|rclone|s3fs|goofys|gcsfuse|mount-s3|davfs\d?|ceph\S*|glusterfs|juicefs|blobfuse\d?|smb\S*|cifs|nfs\S*"
    r"|google-drive-ocamlfuse|vmhgfs-fuse|moosefs|lizardfs|seaweedfs|curlftpfs|alluxio\S*|hdfs\S*|objectivefs)"
)


def network_drive(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of network file system (`nfs4`) that holds a path, or None for a local one, or where nobody can say.

    Args:
        path: it need not exist.
        mounts: the kernel's list of mounts, in the form of `/proc/self/mountinfo`.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        place = path.resolve()
    except OSError:
        return None
    best, kind = -1, ""
    for line in lines:
        before, bar, after = line.partition(" - ")
        fields = before.split()
        if not bar or len(fields) < 5:
            continue
        mounted = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4]))
        # The last of several mounts on one point is the one that is seen.
        if place.is_relative_to(mounted) and len(mounted.parts) >= best:
            best, kind = len(mounted.parts), after.split()[0]
    return kind if _NETWORK.fullmatch(kind) else None
