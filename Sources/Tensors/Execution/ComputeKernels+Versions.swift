import CDNN
import COpenBLAS

extension ComputeKernels {
    /// The version of the OpenBLAS that is linked, as in "0.3.21".
    package static var blasVersion: String {
        let words = String(cString: openblas_get_config()).split(separator: " ")
        return words.dropFirst().first.map(String.init) ?? "unknown"
    }

    /// The version of the oneDNN that is linked, as in "2.6.3".
    package static var oneDNNVersion: String {
        var version: (major: Int32, minor: Int32, patch: Int32) = (0, 0, 0)
        cdnn_version(&version.major, &version.minor, &version.patch)
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}
