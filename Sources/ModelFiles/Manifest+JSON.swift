import Diagnostics
import Files
import JSON

/// manifest.json: `{"format_version": 1, "files": {NAME: {"size", "sha256"}}}`. Where a file has several
/// blocks, the version is 2, "block_bytes" tells their size, and such files have "sha256_blocks" in the
/// place of "sha256".
extension Manifest {
    private static let formatVersions = 1...2

    package var json: JSONValue {
        let blockSizes = Set(files.values.filter { $0.blocks.count > 1 }.map(\.blockSize))
        precondition(blockSizes.count <= 1, "expected blocks of one size, got \(blockSizes)")
        var members: [String: JSONValue] = [
            "format_version": .integer(blockSizes.isEmpty ? 1 : 2),
            "files": .object(files.mapValues(\.json)),
        ]
        if let size = blockSizes.first { members["block_bytes"] = .integer(size) }
        return .object(members)
    }

    /// Reads manifest.json without looking at the files.
    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        try self.init(parsing: try FileReader.bytes(of: path), at: path)
    }

    /// - Parameter path: where the text lies, for failures.
    package init(parsing text: [UInt8], at path: String) throws(Failure) {
        let json = try JSONValue(parsing: text, at: path)
        guard let version = json["format_version"]?.integer,
            Self.formatVersions.contains(version)
        else {
            throw Self.failure(
                expected: "a format_version of 1 or 2",
                got: json["format_version"]?.summary ?? "none", at: path)
        }
        guard let members = json["files"]?.object else {
            throw Self.failure(
                expected: "files, an object", got: json["files"]?.summary ?? "none", at: path)
        }
        let blockSize = json["block_bytes"]?.integer ?? 0
        var files: [String: File] = [:]
        for (name, member) in members {
            guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."),
                let file = File(json: member, blockSize: blockSize)
            else {
                throw Self.failure(
                    expected: "size and hashes of a file in the directory", got: name, at: path)
            }
            files[name] = file
        }
        self.init(files: files)
    }

    private static func failure(expected: String, got: String, at path: String) -> Failure {
        Failure("the manifest is not valid", expected: expected, got: got, at: path)
    }
}

extension Manifest.File {
    fileprivate var json: JSONValue {
        let hashes: (String, JSONValue) =
            blocks.count == 1
            ? ("sha256", .string(blocks[0]))
            : ("sha256_blocks", .array(blocks.map(JSONValue.string)))
        return .object(["size": .integer(size), hashes.0: hashes.1])
    }

    /// nil for what is no file.
    fileprivate init?(json: JSONValue, blockSize: Int) {
        guard let size = json["size"]?.integer, size >= 0 else { return nil }
        if let sha256 = json["sha256"]?.string {
            self.init(size: size, sha256: sha256)
            return
        }
        let hashes = json["sha256_blocks"]?.array?.compactMap(\.string)
        guard let hashes, blockSize > 0, blockSize <= 1 << 40, size <= 1 << 60,
            hashes.count == Self.blockCount(of: size, blockSize: blockSize),
            hashes.count == json["sha256_blocks"]?.array?.count
        else { return nil }
        self.init(size: size, blockSize: blockSize, blocks: hashes)
    }
}
