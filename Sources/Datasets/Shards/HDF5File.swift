import CHDF5
import Diagnostics
import Files

/// Turns a status of the HDF5 shim into a failure that names the call, the file and the cause.
func checkHDF5(
    _ status: Int32, _ what: String, expected: String? = nil, at place: String,
    remedy: String? = nil
) throws {
    guard status != CHDF5_OK else { return }
    // The library quotes the names of files, that of one being written, too.
    let cause = String(cString: chdf5_error_text())
        .split(separator: "'", omittingEmptySubsequences: false)
        .map { TemporaryName.published(String($0)) }.joined(separator: "'")
    throw Failure(what, expected: expected, got: cause, at: place, remedy: remedy)
}

/// One open HDF5 file; closed at the latest when it is released.
package final class HDF5File {
    /// The path of the file for failures: while it is being written, the name that it will have.
    let path: String
    private(set) var handle: OpaquePointer?

    /// Opens for reading, after a look at the first bytes: files in formats older than that of
    /// HDF5 1.10 carry metadata without checksums, on which the library can crash.
    init(reading path: String) throws {
        self.path = path
        try Self.checkSuperblock(of: path)
        try checkHDF5(
            chdf5_open_file(path, &handle), "cannot open the HDF5 file", at: path,
            remedy: "the file may be cut short or damaged: copy or prepare it again")
    }

    init(creating path: String) throws {
        self.path = TemporaryName.published(path)
        try checkHDF5(
            chdf5_create_file(path, &handle), "cannot create the HDF5 file", at: self.path)
    }

    deinit {
        if let handle { _ = chdf5_close_file(handle) }
    }

    /// Closes the file and reports an error in doing so, which `deinit` cannot.
    func close() throws {
        guard let handle else { return }
        self.handle = nil
        try checkHDF5(chdf5_close_file(handle), "cannot finish the HDF5 file", at: path)
    }

    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let superblockVersion: UInt8 = 3

    /// Whether a file begins with the signature of HDF5.
    package static func isHDF5(_ path: String) throws -> Bool {
        let reader = try FileReader(path: path, what: "cannot open the file")
        return try reader.bytes(at: 0, count: min(signature.count, reader.size)) == signature
    }

    private static func checkSuperblock(of path: String) throws {
        let reader = try FileReader(path: path, what: "cannot open the HDF5 file")
        let count = signature.count + 1
        let head = try reader.bytes(at: 0, count: min(count, reader.size))
        guard head.count == count, head.starts(with: signature) else {
            throw Failure(
                "the file is not HDF5", expected: "the HDF5 signature in its first 8 bytes",
                got: FileFormat(
                    of: try reader.bytes(at: 0, count: min(FileFormat.headSize, reader.size)))?.name
                    ?? (head.count < count ? "a file of \(head.count) bytes" : "other bytes"),
                at: path)
        }
        guard head[8] == superblockVersion else {
            throw Failure(
                "the HDF5 file has another format version",
                expected: "superblock version \(superblockVersion) (HDF5 1.10)",
                got: "\(head[8])", at: path,
                remedy: "write it with library version bounds (V110, V110)")
        }
    }
}

extension HDF5File {
    func integer(named name: String) throws -> Int {
        var value: Int64 = 0
        try checkHDF5(
            chdf5_read_integer(handle, name, &value), "cannot read an attribute", at: path)
        return Int(value)
    }

    /// A fixed-length string of at most `maximumSize` bytes.
    func string(named name: String, maximumSize: Int = 4096) throws -> String {
        let (status, text) = read(name, maximumSize)
        try checkHDF5(status, "cannot read an attribute", at: path)
        return try valid(text, name)
    }

    /// The same; nil where there is no attribute of the name.
    func stringIfThere(named name: String, maximumSize: Int) throws -> String? {
        let (status, text) = read(name, maximumSize)
        if status == CHDF5_MISSING { return nil }
        try checkHDF5(status, "cannot read an attribute", at: path)
        return try valid(text, name)
    }

    private func read(_ name: String, _ maximumSize: Int) -> (status: Int32, text: [UInt8]) {
        var bytes = [CChar](repeating: 0, count: maximumSize)
        var size: UInt64 = 0
        let status = chdf5_read_string(handle, name, &bytes, UInt64(maximumSize), &size)
        return (status, bytes.prefix(Int(size)).map { UInt8(bitPattern: $0) })
    }

    private func valid(_ text: [UInt8], _ name: String) throws -> String {
        guard let string = String(validating: text, as: UTF8.self) else {
            throw Failure(
                "cannot read an attribute", expected: "UTF-8", got: "other bytes",
                at: "\(name) in \(path)")
        }
        return string
    }

    func write(_ value: Int, named name: String) throws {
        try checkHDF5(
            chdf5_write_integer(handle, name, Int64(value)), "cannot write an attribute", at: path)
    }

    func write(_ value: String, named name: String) throws {
        precondition(!value.isEmpty, "an HDF5 string of fixed length holds at least one byte")
        try checkHDF5(
            chdf5_write_string(handle, name, value, UInt64(value.utf8.count)),
            "cannot write an attribute", at: path)
    }

    /// Puts a string in the place of one of the same length.
    func replace(_ value: String, named name: String) throws {
        try checkHDF5(
            chdf5_replace_string(handle, name, value, UInt64(value.utf8.count)),
            "cannot write an attribute", at: path)
    }
}

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
