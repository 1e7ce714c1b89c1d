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
        } catch let failure as Failure {
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
        "", "[]", "{}", "{\"format_version\": 3, \"files\": {}}", "{\"format_version\": 1}",
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

    // MARK: Files of several blocks

    /// Two blocks of 16 MiB and three bytes, in which byte i is i mod 251.
    private func putLargeFile() throws {
        let size = 2 * Manifest.File.usualBlockSize + 3
        var bytes = Data(UInt8(0)..<251)
        while bytes.count < size { bytes.append(bytes) }
        try bytes.prefix(size).write(to: URL(filePath: folder("large")))
        try Manifest.write(in: folder.path)
    }

    /// Each is `split -b 16M --filter=sha256sum large`.
    private static let largeHashes = [
        "287507f403176f1f5b22b9a4d9cb49f7d7f88ac19e406b5ae87ce109564846bd",
        "df70fa6ba7315486773b0dc3c2e3bf4eed20c974d24ffea463e449fe50d3c848",
        "471111160b0aa98a9db7bac61bd831f53ebd03b7084004f334b62795f7e059ca",
    ]

    @Test func aFileOfSeveralBlocksHasAHashOfEach() throws {
        try putLargeFile()
        let manifest = try Manifest(reading: folder.path)
        #expect(manifest.files["large"]?.blocks == Self.largeHashes)
        #expect(manifest.blocks.count == 6)
        let text = try folder.text("manifest.json")
        #expect(text.contains("\"format_version\": 2"))
        #expect(text.contains("\"block_bytes\": 16777216"))
        #expect(try verify() == nil)
    }

    @Test(arguments: [0, 1, 2]) func theBlockThatIsAlteredIsNamed(block: Int) throws {
        try putLargeFile()
        var bytes = try folder.bytes("large")
        bytes[block << 24 | 2] ^= 16
        try folder.put(bytes, at: "large")
        let failure = try #require(try verify())
        #expect(failure.what == "the file is altered")
        #expect(failure.expected == "SHA-256 \(Self.largeHashes[block])")
        #expect(failure.got?.contains("of bytes \(block << 24)..<") == true)
        #expect(failure.place == folder("large"))
    }

    /// Every rank reads its part: together they find what one finds.
    @Test(arguments: [1, 2, 3, 7, 100]) func sharesOfTheBlocksAreAllOfThem(count: Int) throws {
        try putLargeFile()
        let manifest = try Manifest(reading: folder.path)
        var bytes = try folder.bytes("large")
        bytes[(1 << 24) + 5] ^= 1
        try folder.put(bytes, at: "large")
        let failures = (0..<count).map { rank in
            failureLine {
                try manifest.check(
                    EqualShares(of: manifest.blocks.count, among: count)[rank].map {
                        manifest.blocks[$0]
                    }, in: folder.path, threads: 2)
            }
        }
        #expect(failures.count { !$0.isEmpty } == 1)
    }

    /// A directory that an older program wrote: one hash of each file, whatever its size.
    @Test func olderManifestsAreChecked() throws {
        try putLargeFile()
        let sum = try FileHash.hash(ofFile: folder("large"))
        try folder.write(
            """
            {"files": {"large": {"sha256": "\(sum.sha256)", "size": \(sum.size)}}, "format_version": 1}
            """, to: "manifest.json")
        #expect(try verify() == nil)
        var bytes = try folder.bytes("large")
        bytes[bytes.count - 1] ^= 1
        try folder.put(bytes, at: "large")
        #expect(try verify()?.what == "the file is altered")
    }

    /// A size is what somebody wrote, up to the largest integer.
    @Test func theLargestSizeIsRead() throws {
        try folder.write(
            """
            {"format_version": 2, "files": {"a": {"size": \(Int.max), "sha256": ""}}}
            """, to: "manifest.json")
        #expect(try Manifest(reading: folder.path).files["a"]?.block(0) == 0..<Int.max)
    }

    @Test(arguments: [
        #"{"format_version": 2, "files": {"a": {"size": 5, "sha256_blocks": ["", ""]}}}"#,
        #"{"format_version": 2, "block_bytes": 0, "files": {"a": {"size": 1, "sha256_blocks": [""]}}}"#,
        #"{"format_version": 2, "block_bytes": 4, "files": {"a": {"size": 5, "sha256_blocks": [""]}}}"#,
        #"{"format_version": 2, "block_bytes": 4, "files": {"a": {"size": 5, "sha256_blocks": ["", 1]}}}"#,
        #"{"format_version": 2, "block_bytes": 4, "files": {"a": {"size": -1, "sha256_blocks": []}}}"#,
    ])
    func blocksThatDoNotFitTheSizeAreRefused(_ text: String) throws {
        try folder.put(Array(text.utf8), at: "manifest.json")
        #expect(throws: Failure.self) { try Manifest(reading: folder.path) }
    }
}
