import Diagnostics
import Files
import JSON

/// The sizes and SHA-256 hashes of the files in a directory, as manifest.json in it.
package struct Manifest: Equatable, Sendable {
    package static let fileName = "manifest.json"
    private static let formatVersion = 1

    package struct File: Equatable, Sendable {
        /// The size of the file in bytes.
        package let size: Int
        /// The hash as 64 lower-case hexadecimal digits.
        package let sha256: String
    }

    /// The files by their paths relative to the directory.
    package let files: [String: File]

    /// Hashes every file below the directory but manifest.json itself, and those that are `known`.
    package init(
        hashing directory: String, known: [String: File] = [:]
    ) throws(Failure) {
        var files: [String: File] = [:]
        for path in try DirectoryEntries.tree(of: directory).files where path != Self.fileName {
            if let file = known[path] {
                files[path] = file
            } else {
                files[path] = try FileHash.hash(ofFile: "\(directory)/\(path)")
            }
        }
        self.files = files
    }

    /// Reads manifest.json without looking at the files.
    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        let json = try JSONValue(parsing: try FileReader.bytes(of: path), at: path)
        guard json["format_version"] == .integer(Self.formatVersion) else {
            throw Self.failure(
                expected: "format_version \(Self.formatVersion)",
                got: json["format_version"]?.summary ?? "none", at: path)
        }
        guard let members = json["files"]?.object else {
            throw Self.failure(
                expected: "files, an object", got: json["files"]?.summary ?? "none", at: path)
        }
        var files: [String: File] = [:]
        for (name, member) in members {
            guard let size = member["size"]?.integer, let sha256 = member["sha256"]?.string,
                !name.hasPrefix("/"), !name.split(separator: "/").contains("..")
            else {
                throw Self.failure(
                    expected: "size and sha256 of a file in the directory", got: name, at: path)
            }
            files[name] = File(size: size, sha256: sha256)
        }
        self.files = files
    }

    /// Hashes the files of a directory and writes manifest.json, whole, on the disk.
    ///
    /// - Parameter known: files that were hashed while they were written, and are not read again.
    @discardableResult
    package static func write(
        in directory: String, known: [String: File] = [:]
    ) throws -> Manifest {
        let manifest = try Manifest(hashing: directory, known: known)
        let text = manifest.json.text(isPretty: true)
        try PublishedFile.write(Array(text.utf8), to: "\(directory)/\(fileName)")
        return manifest
    }

    /// Compares every file with manifest.json.
    ///
    /// - Throws: `Failure` that names the first file, by name, that is missing, truncated or
    ///   altered. Files that the manifest does not know are no error.
    @discardableResult
    package static func verify(_ directory: String) throws(Failure) -> Manifest {
        let manifest = try Manifest(reading: directory)
        for (name, expected) in manifest.files.sorted(by: { $0.key < $1.key }) {
            try verify("\(directory)/\(name)", expected)
        }
        return manifest
    }

    package var json: JSONValue {
        let files = files.mapValues { file in
            JSONValue.object(["size": .integer(file.size), "sha256": .string(file.sha256)])
        }
        return .object(["format_version": .integer(Self.formatVersion), "files": .object(files)])
    }

    private static func verify(_ path: String, _ expected: File) throws(Failure) {
        guard try DirectoryEntries.isThere(path) else {
            throw Failure("a file of the manifest is missing", at: path)
        }
        let size = try FileReader(path: path).size
        guard size == expected.size else {
            throw Failure(
                size < expected.size ? "the file is truncated" : "the file is altered",
                expected: "\(expected.size) bytes", got: "\(size)", at: path)
        }
        let sha256 = try FileHash.hash(ofFile: path).sha256
        guard sha256 == expected.sha256 else {
            throw Failure(
                "the file is altered", expected: "SHA-256 \(expected.sha256)", got: sha256,
                at: path)
        }
    }

    private static func failure(expected: String, got: String, at path: String) -> Failure {
        Failure("the manifest is not valid", expected: expected, got: got, at: path)
    }
}
