import Diagnostics
import Foundation
import ModelFiles
import TemporaryFolders
import Testing

@Suite struct ManifestTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.put(Array("abc".utf8), at: "b.txt")
        try folder.put([], at: "a.txt")
        try FileManager.default.createDirectory(
            atPath: folder("sub"), withIntermediateDirectories: false)
        try folder.put([UInt8](repeating: 7, count: 3_000_001), at: "sub/large")
        try Manifest.write(in: folder.path)
    }

    private func verify() throws -> Failure? {
        do {
            try Manifest.verify(folder.path)
            return nil
        } catch let failure {
            return failure
        }
    }

    /// The hashes of "abc" and of nothing are those of FIPS 180-4's examples; the third is
    /// `head -c 3000001 /dev/zero | tr '\\0' '\\7' | sha256sum`.
    @Test func holdsSizesAndHashesInOrder() throws {
        let expected = """
            {
              "files": {
                "a.txt": {
                  "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                  "size": 0
                },
                "b.txt": {
                  "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                  "size": 3
                },
                "sub/large": {
                  "sha256": "7b727ce2d438f3ac83f6f4aac1685c7752d62a3aceba2469c48b3128d3e7f7ee",
                  "size": 3000001
                }
              },
              "format_version": 1
            }

            """
        #expect(try folder.bytes("manifest.json") == Array(expected.utf8))
    }

    @Test func wholeDirectoryIsVerified() throws {
        #expect(try verify() == nil)
        try Manifest.write(in: folder.path)
        #expect(try verify() == nil)
        try folder.put([1], at: "another")
        #expect(try verify() == nil)
    }

    @Test func alteredByteIsFound() throws {
        var bytes = try folder.bytes("sub/large")
        bytes[2_999_999] ^= 1
        try folder.put(bytes, at: "sub/large")
        #expect(try verify()?.what == "the file is altered")
        #expect(try verify()?.place == folder("sub/large"))
    }

    @Test func truncatedGrownAndMissingFilesAreFound() throws {
        try folder.put([1], at: "a.txt")
        #expect(try verify()?.what == "the file is altered")
        try folder.put([], at: "a.txt")
        try folder.put([1], at: "b.txt")
        #expect(try verify()?.what == "the file is truncated")
        #expect(try verify()?.got == "1")
        try FileManager.default.removeItem(atPath: folder("b.txt"))
        #expect(try verify()?.what == "a file of the manifest is missing")
        #expect(try verify()?.place == folder("b.txt"))
        try FileManager.default.removeItem(atPath: folder("a.txt"))
        #expect(try verify()?.place == folder("a.txt"))
    }

    @Test(arguments: [
        "", "[]", "{}", "{\"format_version\": 2, \"files\": {}}", "{\"format_version\": 1}",
        "{\"format_version\": 1, \"files\": {\"a.txt\": {\"size\": 0}}}",
        "{\"format_version\": 1, \"files\": {\"../a\": {\"size\": 0, \"sha256\": \"\"}}}",
        "{\"format_version\": 1, \"files\": {\"/a\": {\"size\": 0, \"sha256\": \"\"}}}",
    ])
    func refusesAnInvalidManifest(_ text: String) throws {
        try folder.put(Array(text.utf8), at: "manifest.json")
        #expect(throws: Failure.self) { try Manifest.verify(folder.path) }
    }

    @Test func directoryWithoutManifestIsRefused() throws {
        try FileManager.default.removeItem(atPath: folder("manifest.json"))
        #expect(throws: Failure.self) { try Manifest.verify(folder.path) }
    }
}
