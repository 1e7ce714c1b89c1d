import Diagnostics
import Files
import Glibc
import ModelFiles

/// What tells a file from another version of it: of a small file the hash of its bytes; of a large one its
/// size, the time of its last change and the hash of 16 MiB of it, evenly spread.
struct FileStamp {
    let text: String

    /// Bytes up to which all of a file is hashed.
    static let wholeSize = 16 << 20
    private static let partSize = 1 << 20

    init(of path: String) throws {
        let reader = try FileReader(path: path)
        guard reader.size > Self.wholeSize else {
            text = try FileHash.hash(ofFile: path).sha256
            return
        }
        var hash = FileHash()
        let partCount = Self.wholeSize / Self.partSize
        for part in 0..<partCount {
            // The last one ends with the file.
            let offset = (reader.size - Self.partSize) / (partCount - 1) * part
            let end = part == partCount - 1 ? reader.size : offset + Self.partSize
            try reader.bytes(at: end - Self.partSize, count: Self.partSize)
                .withUnsafeBytes { hash.update($0) }
        }
        var status = stat()
        try SystemCall.check("cannot look at the file", at: path) { stat(path, &status) }
        text = "\(reader.size) bytes of \(status.st_mtim.tv_sec): \(hash.finish().sha256)"
    }
}
