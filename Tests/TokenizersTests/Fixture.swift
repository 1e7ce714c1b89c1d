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
        try JSONDecoder().decode(type, from: Data(try bytes(name)))
    }
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
