import Files
import Testing

/// What the options of a mount tell of its locks, in the words of Linux.
@Suite struct LockReachTests {
    /// A machine with one mount of this type and options at /data.
    private func reach(
        _ type: String, _ options: String, at path: String = "/data/runs/a"
    ) -> LockReach {
        LockReach(
            at: path,
            mounts: """
                21 1 254:0 / / rw,relatime - ext4 /dev/root rw
                30 21 0:25 / /data rw,relatime shared:5 - \(type) server:/data \(options)
                31 21 0:26 / /data\\040two rw,relatime - 9p server rw

                """)
    }

    @Test(arguments: [
        ("lustre", "rw,flock,lazystatfs"), ("nfs4", "rw,vers=4.2,local_lock=none"),
        ("nfs", "rw,vers=3,local_lock=none"), ("ceph", "rw"), ("gpfs", "rw"), ("xfs", "rw"),
        ("fuse.glusterfs", "rw"), ("fuseblk", "rw"), ("cifs", "rw,vers=3.1.1"),
    ])
    func theseLocksReachAllHosts(type: String, options: String) {
        #expect(reach(type, options) == .allHosts)
    }

    @Test(arguments: [
        ("lustre", "rw,localflock", "lustre with localflock"),
        ("nfs", "rw,vers=3,nolock", "nfs with nolock"),
        ("nfs", "rw,local_lock=all", "nfs with local_lock=all"),
        ("nfs4", "rw,local_lock=flock", "nfs4 with local_lock=flock"),
        ("cifs", "rw,nobrl", "cifs with nobrl"), ("9p", "rw", "9p"),
        ("virtiofs", "rw", "virtiofs"), ("beegfs", "rw", "beegfs"),
        ("fuse.sshfs", "rw,user_id=0", "fuse.sshfs"),
    ])
    func theseLocksStayOnTheHost(type: String, options: String, reason: String) {
        #expect(reach(type, options) == .thisHost(reason: reason))
    }

    /// A place is a folder and what is below it, not what begins alike.
    @Test func theNearestMountAroundThePathCounts() {
        #expect(reach("9p", "rw", at: "/database/a") == .allHosts)
        #expect(reach("xfs", "rw", at: "/data two/a") == .thisHost(reason: "9p"))
        #expect(reach("9p", "rw", at: "/data") == .thisHost(reason: "9p"))
        #expect(LockReach(at: "/data", mounts: "") == .allHosts)
        // A second mount at a place hides the first.
        let twice = """
            30 1 0:25 / /data rw - 9p server rw
            31 1 0:26 / /data rw - xfs server rw
            """
        #expect(LockReach(at: "/data", mounts: twice) == .allHosts)
    }

    @Test func theMountsOfThisMachineAreRead() {
        #expect(LockReach.mounts.contains(" - "))
    }
}
