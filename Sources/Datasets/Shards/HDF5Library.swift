import CHDF5

/// The HDF5 library that the program has loaded.
package enum HDF5Library {
    /// "1.10.8"
    package static func version() throws -> String {
        var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
        try checkHDF5(
            chdf5_version(&major, &minor, &release), "cannot find the version of HDF5",
            at: "H5get_libversion")
        return "\(major).\(minor).\(release)"
    }
}
