import Diagnostics
import ModelFiles
import TemporaryFolders
import Testing

/// What a hostile or damaged file may hold: each ends in a `Failure`, none in a crash.
@Suite struct SafetensorsHeaderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(
        header: String, length: UInt64? = nil, dataSize: Int
    ) throws -> SafetensorsFile {
        let length = length ?? UInt64(header.utf8.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        let data = [UInt8](repeating: 0, count: dataSize)
        try folder.put(prefix + Array(header.utf8) + data, at: "a")
        return try SafetensorsFile(path: folder("a"))
    }

    private static func tensor(
        _ name: String, _ begin: String, _ end: String, shape: String = "[2]",
        type: String = "\"F32\""
    ) -> String {
        "\"\(name)\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
    }

    @Test func acceptsAValidHeader() throws {
        let header = "{\(Self.tensor("a", "8", "16")),\(Self.tensor("b", "0", "8"))}   "
        let file = try open(header: header, dataSize: 16)
        #expect(file.entries.map(\.name) == ["b", "a"])
        #expect(file["a"]?.range == 8..<16)
    }

    @Test(arguments: [
        tensor("a", "0", "12"), tensor("a", "0", "4"), tensor("a", "-8", "0"),
        tensor("a", "8", "0"), tensor("a", "0", "9223372036854775807"),
        tensor("a", "0", "18446744073709551616"), tensor("a", "0.0", "8.0"),
        tensor("a", "0", "8,8"), tensor("a", "4", "12"), tensor("a", "0", "8", shape: "[-2]"),
        tensor("a", "0", "8", shape: "[-1,-2]"), tensor("a", "0", "8", shape: "2"),
        tensor("a", "0", "8", shape: "[4294967296,4294967296,2]"),
        tensor("a", "0", "8", shape: "[4611686018427387906]"),
        tensor("a", "0", "8", shape: "[2.0]"), tensor("a", "0", "8", shape: "[]"),
        tensor("a", "0", "8", type: "\"F64\""), tensor("a", "0", "8", type: "\"F7\""),
        tensor("a", "0", "8", type: "32"), tensor("a", "0", "8", type: "null"),
        "\"a\":{}", "\"a\":[]", "\"a\":null", "\"__metadata__\":{\"a\":1}", "\"__metadata__\":[]",
        "\"a\":" + String(repeating: "[", count: 100_000),
        "\(tensor("a", "0", "8")),\(tensor("a", "8", "16"))",
        "\(tensor("a", "0", "8")),\(tensor("b", "0", "8"))",
        "",
    ])
    func refusesAHeaderThatDoesNotFitItsData(_ members: String) {
        #expect(throws: Failure.self) { try open(header: "{\(members)}", dataSize: 8) }
    }

    /// Each list holds the begins of tensors of 8 bytes.
    @Test(arguments: [[0, 4], [0, 0], [0, 12], [4]])
    func refusesOverlapsAndHoles(_ begins: [Int]) {
        let members = begins.enumerated().map { index, begin in
            Self.tensor("\(index)", "\(begin)", "\(begin + 8)")
        }
        let header = "{\(members.joined(separator: ","))}"
        #expect {
            try open(header: header, dataSize: (begins.last ?? 0) + 8)
        } throws: { error in
            (error as? Failure)?.expected?.contains("to begin at byte") ?? false
        }
    }

    @Test(arguments: [0, 1, 3, 61, 1 << 32, 1 << 62, 1 << 63, UInt64.max, UInt64.max - 7])
    func refusesALengthThatIsNotTheHeaders(_ length: UInt64) {
        let header = "{\(Self.tensor("a", "0", "8"))}"
        #expect(throws: Failure.self) { try open(header: header, length: length, dataSize: 8) }
    }

    @Test func refusesEveryTruncation() throws {
        _ = try open(header: "{\(Self.tensor("a", "0", "8"))}", dataSize: 8)
        let whole = try folder.bytes("a")
        for count in 0..<whole.count {
            try folder.put(Array(whole[..<count]), at: "b")
            #expect(throws: Failure.self) { try SafetensorsFile(path: folder("b")) }
        }
    }

    @Test func refusesBytesBeyondTheLastTensor() {
        #expect {
            try open(header: "{\(Self.tensor("a", "0", "8"))}", dataSize: 9)
        } throws: { error in
            (error as? Failure)?.what == "the file has bytes of no tensor"
        }
    }

    @Test func refusesAMissingFileAndADirectory() {
        #expect(throws: Failure.self) { try SafetensorsFile(path: folder("none")) }
        #expect(throws: Failure.self) { try SafetensorsFile(path: folder.path) }
    }

    /// Every change of one byte of a header is either refused or leaves ranges within the data.
    @Test func noAlteredByteLeadsOutsideTheFile() throws {
        let header =
            "{\(Self.tensor("a", "0", "8")),\(Self.tensor("b", "8", "12", shape: "[1,1]"))}"
        let original = Array(header.utf8)
        for index in original.indices {
            for byte in [0x00, 0x22, 0x2D, 0x30, 0x39, 0x5B, 0x7D, 0xFF] as [UInt8] {
                var altered = original
                altered[index] = byte
                let prefix = [UInt8(original.count)] + [UInt8](repeating: 0, count: 7)
                try folder.put(prefix + altered + [UInt8](repeating: 0, count: 12), at: "a")
                guard let file = try? SafetensorsFile(path: folder("a")) else { continue }
                for entry in file.entries {
                    #expect(entry.range.lowerBound >= 0 && entry.range.upperBound <= 12)
                    #expect(entry.elementCount == entry.shape.reduce(1, *))
                }
            }
        }
    }
}
