import Foundation
import Testing
import Tokenizers

/// Files that Tests/Fixtures/make_tokenizer_fixtures.py made with the Python libraries.
enum Fixture {
    static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tokenizers/\(name)").path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from name: String) throws -> Value {
        try decode(type, from: try bytes(name))
    }

    /// Keys in snake_case are read into names in camelCase.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(json))
    }

    /// 64-bit FNV-1a over whole numbers, in hexadecimal, as the script of the fixtures has it.
    static func hash(_ numbers: some Sequence<some BinaryInteger>) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for number in numbers {
            value = (value ^ UInt64(truncatingIfNeeded: number)) &* 0x0000_0100_0000_01B3
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A tokenizer_config.json.
struct Configuration: Decodable, Equatable {
    var tokenizerClass: String
    var modelMaxLength: Int
    var cleanUpTokenizationSpaces: Bool
    var bosToken: String?
    var eosToken: String?
}

/// A text, its ids, and what the library decodes them to where that differs from the text.
struct EncodingCase: Decodable {
    var text: String
    var ids: [Int32]
    var decoded: String?
}

/// The folder of real data, named by the environment; tests that need it are skipped without it.
enum RealData {
    static let folder = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]

    static func path(_ name: String) throws -> String {
        try #require(folder) + "/" + name
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: try path(name))))
    }
}

/// A new folder that holds the given files and is removed after `body`.
func withFolder(
    _ files: [String: [UInt8]], _ body: (String) throws -> Void
) throws {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("tokenizers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in files {
        try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    try body(folder.path)
}
